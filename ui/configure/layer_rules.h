// Writes per-layer widths into quantization.layer_configs, one entry with an exact pattern a layer.
#pragma once

#include <QString>
#include <QStringList>
#include <vector>

#include "session/inspect.h"

namespace qat::ui {

enum class LayerRule { Bits4, Bits8, Bits16, Float, Default };

// The weight width a rule asks for; 0 for Float, -1 for Default, which leaves it to the rest of the configuration.
int widthOf(LayerRule rule);

// A text with a rule in it, and what had to be switched on for that.
struct RuledText {
    QString text;
    bool mixedPrecision = false;  // qat_params.use_mixed_precision was false: widths of single layers did not count
    int woken = 0;                // earlier entries whose widths count now, too
};

// The text in which the layers have the wanted weight width (Float: they are skipped, Default: their own entries are
// gone). Whatever would keep the rule from having an effect is seen to in the same text: the switch above, an entry
// that skips the layer or qat_params.skip_detection_head, a later pattern. Everything else, comments included, stays as
// it is. Throws Error{BadInput} in one sentence if the text cannot be edited, or if no entry could do it: nothing is
// quantized at all, or the type of the weights has a width of its own.
RuledText withLayerRule(const QString& text, const std::vector<LayerInfo>& layers, LayerRule rule);

// Why layers have another weight width than was asked for, in one sentence; "" if all have it. `described` are the
// layers as the core resolves the text.
QString unmetRule(const std::vector<LayerInfo>& described, const QStringList& layers, LayerRule rule);

}  // namespace qat::ui
