// The verbs of the pickle machine.
#include "import/pickle_machine.h"

namespace qat {
namespace {

// Ten times what the largest checkpoints with optimizer state hold.
constexpr size_t kStepLimit = size_t{8} << 20, kNodeLimit = size_t{2} << 20;

}  // namespace

uint8_t PickleMachine::nextOpcode() {
    m_opcodeAt = m_reader.offset();
    spend(1);
    return m_reader.take<uint8_t>();
}

Pickle PickleMachine::finish() {
    m_result.root = pop();
    check(m_stack.empty() && m_marks.empty(), "values are left over at the end");
    m_result.end = m_reader.offset();
    return std::move(m_result);
}

void PickleMachine::spend(size_t steps) {
    check(steps <= kStepLimit - m_steps, "more than ", kStepLimit, " steps");
    m_steps += steps;
}

PickleValue PickleMachine::make(PickleKind kind) {
    check(m_result.nodes.size() < kNodeLimit, "more than ", kNodeLimit, " objects");
    return PickleValue(kind, &m_result.nodes.emplace_back());
}

PickleNode& PickleMachine::push(PickleKind kind) {
    m_stack.push_back(make(kind));
    return *m_stack.back().node();
}

void PickleMachine::pushSymbol(std::string_view module, std::string_view name) {
    constexpr size_t kLongest = 1000;
    check(module.size() + name.size() <= kLongest, "a symbol of ", module.size() + name.size(), " bytes");
    std::string& text = m_result.symbolTexts.emplace_back();
    text.append(module).append(1, '.').append(name);
    push(PickleKind::Symbol).text = text;
}

void PickleMachine::pushPersistent(const PickleValue& id) {
    push(PickleKind::Persistent).args = id;
    m_result.persistentIds.push_back(m_stack.back());
}

PickleValue PickleMachine::pop() {
    const PickleValue value = top();
    m_stack.pop_back();
    return value;
}

PickleValue& PickleMachine::top() {
    const size_t floor = m_marks.empty() ? 0 : m_marks.back();
    check(m_stack.size() > floor, "the stack is empty");
    return m_stack.back();
}

size_t PickleMachine::popMark() {
    check(!m_marks.empty(), "no mark is set");
    const size_t first = m_marks.back();
    m_marks.pop_back();
    return first;
}

std::vector<PickleValue> PickleMachine::takeFrom(size_t first) {
    const auto begin = m_stack.begin() + static_cast<ptrdiff_t>(first);
    std::vector<PickleValue> values(begin, m_stack.end());
    m_stack.erase(begin, m_stack.end());
    return values;
}

void PickleMachine::appendFrom(size_t first) {
    const size_t floor = m_marks.empty() ? 0 : m_marks.back();
    check(first > floor, "no list to append to");
    PickleValue& list = m_stack[first - 1];
    check(list.is(PickleKind::List) || list.is(PickleKind::Object), "appending to something that is not a list");
    auto& items = list.node()->items;
    items.insert(items.end(), m_stack.begin() + static_cast<ptrdiff_t>(first), m_stack.end());
    m_stack.resize(first);
}

void PickleMachine::storeFrom(size_t first) {
    const size_t floor = m_marks.empty() ? 0 : m_marks.back();
    check(first > floor && first <= m_stack.size(), "no dict to store in");
    check((m_stack.size() - first) % 2 == 0, "a key without a value");
    PickleValue& dict = m_stack[first - 1];
    check(dict.is(PickleKind::Dict) || dict.is(PickleKind::Object), "storing a key in something that is not a dict");
    auto& pairs = dict.node()->pairs;
    for (size_t i = first; i < m_stack.size(); i += 2) pairs.emplace_back(m_stack[i], m_stack[i + 1]);
    m_stack.resize(first);
}

void PickleMachine::memorize(uint64_t index) {
    // Picklers count up from 0 or 1.
    check(index <= m_steps, "memo entry ", index, " is out of all proportion");
    if (index >= m_memo.size()) {
        m_memo.resize(index + 1);
        m_memoSet.resize(index + 1);
    }
    m_memo[index] = top();
    m_memoSet[index] = true;
}

void PickleMachine::recall(uint64_t index) {
    check(index < m_memo.size() && m_memoSet[index], "memo entry ", index, " was never made");
    m_stack.push_back(m_memo[index]);
}

}  // namespace qat
