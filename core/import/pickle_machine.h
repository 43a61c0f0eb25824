// What a pickle's opcodes work on: a reader, a stack with marks, a memo, and the nodes made so far.
#pragma once

#include "base/error.h"
#include "import/byte_reader.h"
#include "import/pickle.h"

namespace qat {

// Every verb throws Error{BadInput} naming the offset of the opcode at which the pickle makes no sense. Time and memory
// are bounded: steps and nodes are counted.
class PickleMachine {
public:
    PickleMachine(std::span<const std::byte> bytes, size_t offset)
        : m_reader(bytes, "pickle", offset), m_opcodeAt(offset) {}

    // The next opcode; what is read until the next call are its arguments.
    uint8_t nextOpcode();
    ByteReader& reader() { return m_reader; }
    // The value on the stack is the root. Nothing else may be left.
    Pickle finish();

    template <class... Pieces>
    void check(bool condition, const Pieces&... pieces) const {
        require(condition, ErrorKind::BadInput, "pickle offset ", m_opcodeAt, ": ", pieces...);
    }
    // Counts work that does not grow with the bytes read.
    void spend(size_t steps);

    // The stack. Nothing below the latest mark is taken.
    void pushValue(const PickleValue& value) { m_stack.push_back(value); }
    PickleNode& push(PickleKind kind);
    void pushSymbol(std::string_view module, std::string_view name);
    void pushPersistent(const PickleValue& id);
    PickleValue pop();
    PickleValue& top();
    size_t size() const { return m_stack.size(); }
    void mark() { m_marks.push_back(m_stack.size()); }
    // Index of the first value above the latest mark, which is removed.
    size_t popMark();
    // Takes the values from index `first` on away.
    std::vector<PickleValue> takeFrom(size_t first);
    // Appends them to the list below them.
    void appendFrom(size_t first);
    // Stores them, keys and values in turn, in the dict below them.
    void storeFrom(size_t first);

    // The memo.
    void memorize(uint64_t index);
    size_t memoSize() const { return m_memo.size(); }
    void recall(uint64_t index);

private:
    PickleValue make(PickleKind kind);

    ByteReader m_reader;
    size_t m_opcodeAt;
    size_t m_steps = 0;
    std::vector<PickleValue> m_stack;
    std::vector<size_t> m_marks;
    std::vector<PickleValue> m_memo;
    std::vector<bool> m_memoSet;
    Pickle m_result;
};

}  // namespace qat
