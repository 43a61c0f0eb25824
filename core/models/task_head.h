// What heads of other tasks have beside boxes and scores: a third branch a level, and the prototypes that masks are
// mixed from.
#pragma once

#include <string>
#include <vector>

#include "models/module_builder.h"
#include "models/modules.h"

namespace qat {

enum class TaskKind { Boxes, Masks, KeyPoints, Angles };

struct TaskForm {
    TaskKind kind = TaskKind::Boxes;
    bool second = false;                       // as YOLO26 has it: Segment26, Pose26, OBB26
    int64_t numbers = 0;                       // that the branch makes of an anchor
    int64_t prototypeWidth = 0;                // channels inside the prototypes' branch
    int64_t keypoints = 0, numbersOfEach = 0;  // 2, or 3 with visibility
};

// What the row of a head asks for; `call` has the arguments after the number of classes, and the name that sentences
// begin with. Throws Error{BadInput} for numbers that no head has.
TaskForm taskFormOf(std::string_view module, const ModuleCall& call);

// The third branch of one head. Its layers are made at once, its results once the boxes are known.
class TaskBranch {
public:
    // `prefix` stands before cv4; `scope` is where its other nodes are.
    TaskBranch(ModuleBuilder& builder, const TaskForm& form, const std::string& prefix, const std::string& scope,
               const std::vector<ValueId>& features);

    // [N, 4, A] of the distances to their sides, for raw maps of these shapes: of turned boxes the upright hulls.
    ValueId boxes(ValueId distances, const std::vector<ValueId>& maps);
    // masks [N, coefficients, A]; keypoints [N, key points * numbers of each, A], x and y in input pixels, visibility
    // 0..1; angles [N, 1, A] in radians and rotated [N, 4, A], centre x, y, width, height of the box before it is
    // turned. After boxes(). `other`: of the head that is not deployed.
    void setOutputs(bool other);

private:
    ValueId levels(const std::string& branch, const std::vector<ValueId>& maps);
    ValueId featureConvs(const std::string& name, ValueId x, int64_t width);
    void build(const std::vector<ValueId>& features);
    ValueId last(const std::string& name, ValueId x, int64_t outputs);
    ValueId angles();
    ValueId keypoints();

    Graph& m_graph;
    ModuleBuilder& m_builder;
    const TaskForm m_form;
    std::string m_prefix, m_scope;
    ValueId m_raw, m_angles, m_rotated;  // m_raw: [N, numbers, A]
};

// Sets protos [N, coefficients, H / 4, W / 4] of a head of masks, which both heads share, and what only training reads
// beside the branches. Nothing of others.
void addTaskExtras(ModuleBuilder& builder, const TaskForm& form, const std::string& name,
                   const std::vector<ValueId>& features);

}  // namespace qat
