// The pickle machine: a stack, marks and a memo, driven by one opcode after the other.
#include "import/pickle.h"

#include <bit>
#include <charconv>

#include "base/error.h"
#include "base/text.h"
#include "import/byte_reader.h"

namespace qat {
namespace {

// Ten times what the largest checkpoints with optimizer state hold.
constexpr size_t kMostSteps = size_t{8} << 20, kMostNodes = size_t{2} << 20;

class Machine {
public:
    Machine(std::span<const std::byte> bytes, size_t offset) : m_reader(bytes, "pickle", offset), m_opcodeAt(offset) {}

    Pickle run();

private:
    // Each group does the opcode and returns true, or returns false if the opcode is not one of its own.
    bool runScalar(uint8_t opcode);
    bool runText(uint8_t opcode);
    bool runTextNumber(uint8_t opcode);
    bool runCollection(uint8_t opcode);
    bool runStack(uint8_t opcode);
    bool runMemo(uint8_t opcode);
    bool runObject(uint8_t opcode);

    template <class... Pieces>
    void check(bool condition, const Pieces&... pieces) const {
        require(condition, ErrorKind::BadInput, "pickle offset ", m_opcodeAt, ": ", pieces...);
    }
    void spend(size_t steps);
    PickleValue make(PickleKind kind);
    PickleNode& push(PickleKind kind);
    void pushText(PickleKind kind, uint64_t length);
    void pushLong(int64_t length);
    void pushTuple(size_t count);
    void pushSymbol(std::string_view module, std::string_view name);
    PickleValue pop();
    PickleValue& top();
    // Index of the first value above the latest mark, which is removed.
    size_t popMark();
    // Moves the values from index `first` on into `items`.
    void moveItems(size_t first, std::vector<PickleValue>& items);
    void moveElements(size_t first);
    void movePairs(size_t first);
    void call(PickleValue callee, const PickleValue& args);
    void build();
    void memorize(uint64_t index);
    void recall(uint64_t index);

    ByteReader m_reader;
    size_t m_opcodeAt;
    size_t m_steps = 0;
    std::vector<PickleValue> m_stack;
    std::vector<size_t> m_marks;
    std::vector<PickleValue> m_memo;
    std::vector<bool> m_memoSet;
    Pickle m_result;
};

Pickle Machine::run() {
    for (;;) {
        m_opcodeAt = m_reader.offset();
        spend(1);
        const auto opcode = m_reader.take<uint8_t>();
        if (opcode == '.') break;
        const bool known = runMemo(opcode) || runScalar(opcode) || runCollection(opcode) || runText(opcode) ||
                           runObject(opcode) || runStack(opcode) || runTextNumber(opcode);
        if (!known) check(false, "opcode ", static_cast<int>(opcode), " is not supported");
    }
    m_result.root = pop();
    check(m_stack.empty() && m_marks.empty(), "values are left over at the end");
    m_result.end = m_reader.offset();
    return std::move(m_result);
}

void Machine::spend(size_t steps) {
    check(steps <= kMostSteps - m_steps, "more than ", kMostSteps, " steps");
    m_steps += steps;
}

PickleValue Machine::make(PickleKind kind) {
    check(m_result.nodes.size() < kMostNodes, "more than ", kMostNodes, " objects");
    return PickleValue(kind, &m_result.nodes.emplace_back());
}

PickleNode& Machine::push(PickleKind kind) {
    m_stack.push_back(make(kind));
    return *m_stack.back().node();
}

PickleValue Machine::pop() {
    const PickleValue value = top();
    m_stack.pop_back();
    return value;
}

PickleValue& Machine::top() {
    const size_t floor = m_marks.empty() ? 0 : m_marks.back();
    check(m_stack.size() > floor, "the stack is empty");
    return m_stack.back();
}

size_t Machine::popMark() {
    check(!m_marks.empty(), "no mark is set");
    const size_t first = m_marks.back();
    m_marks.pop_back();
    return first;
}

bool Machine::runScalar(uint8_t opcode) {
    switch (opcode) {
        case 'N':
            m_stack.emplace_back();
            return true;
        case 0x88:
            m_stack.emplace_back(true);
            return true;
        case 0x89:
            m_stack.emplace_back(false);
            return true;
        case 'J':
            m_stack.emplace_back(int64_t{m_reader.take<int32_t>()});
            return true;
        case 'K':
            m_stack.emplace_back(int64_t{m_reader.take<uint8_t>()});
            return true;
        case 'M':
            m_stack.emplace_back(int64_t{m_reader.take<uint16_t>()});
            return true;
        case 0x8a:
            pushLong(m_reader.take<uint8_t>());
            return true;
        case 0x8b:
            pushLong(m_reader.take<int32_t>());
            return true;
        case 'G': {
            uint64_t bits = 0;
            for (const std::byte byte : m_reader.take(8)) bits = bits << 8 | static_cast<uint64_t>(byte);
            m_stack.emplace_back(std::bit_cast<double>(bits));
            return true;
        }
        default:
            return false;
    }
}

// Numbers as text, ended by a line feed. Python 2 writes integers above 32 bits so even in protocol 2.
bool Machine::runTextNumber(uint8_t opcode) {
    if (opcode != 'I' && opcode != 'L' && opcode != 'F') return false;
    std::string_view text = m_reader.takeLine();
    if (opcode == 'I' && (text == "00" || text == "01")) {
        m_stack.emplace_back(text == "01");
        return true;
    }
    if (opcode == 'L' && text.ends_with('L')) text.remove_suffix(1);
    const auto parse = [&](auto value) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        check(error == std::errc() && end == text.data() + text.size(), inQuotes(text), " is not a number we can hold");
        m_stack.emplace_back(value);
    };
    if (opcode == 'F')
        parse(double{});
    else
        parse(int64_t{});
    return true;
}

void Machine::pushLong(int64_t length) {
    check(length >= 0, "an integer of negative length");
    const std::string_view bytes = m_reader.takeText(static_cast<size_t>(length));
    if (bytes.size() > sizeof(int64_t)) {
        push(PickleKind::BigInt).text = bytes;
        return;
    }
    const bool negative = !bytes.empty() && (bytes.back() & 0x80) != 0;
    uint64_t bits = negative ? ~uint64_t{0} : 0;
    for (size_t i = bytes.size(); i-- > 0;) bits = bits << 8 | static_cast<uint8_t>(bytes[i]);
    m_stack.emplace_back(static_cast<int64_t>(bits));
}

bool Machine::runText(uint8_t opcode) {
    switch (opcode) {
        case 'X':
            pushText(PickleKind::String, m_reader.take<uint32_t>());
            return true;
        case 0x8c:
            pushText(PickleKind::String, m_reader.take<uint8_t>());
            return true;
        case 0x8d:
            pushText(PickleKind::String, m_reader.take<uint64_t>());
            return true;
        case 'U':
            pushText(PickleKind::Bytes, m_reader.take<uint8_t>());
            return true;
        case 'T':
            pushText(PickleKind::Bytes, m_reader.take<uint32_t>());
            return true;
        case 'C':
            pushText(PickleKind::Bytes, m_reader.take<uint8_t>());
            return true;
        case 'B':
            pushText(PickleKind::Bytes, m_reader.take<uint32_t>());
            return true;
        case 0x8e:
            pushText(PickleKind::Bytes, m_reader.take<uint64_t>());
            return true;
        default:
            return false;
    }
}

void Machine::pushText(PickleKind kind, uint64_t length) {
    const std::string_view text = m_reader.takeText(length);
    push(kind).text = text;
}

bool Machine::runCollection(uint8_t opcode) {
    switch (opcode) {
        case '}':
            push(PickleKind::Dict);
            return true;
        case ']':
        case 0x8f:
            push(PickleKind::List);
            return true;  // a set is a list here: only membership is ever asked
        case ')':
            push(PickleKind::Tuple);
            return true;
        case 0x85:
            pushTuple(1);
            return true;
        case 0x86:
            pushTuple(2);
            return true;
        case 0x87:
            pushTuple(3);
            return true;
        case 't':
        case 'l':
        case 0x91: {
            const size_t first = popMark();
            std::vector<PickleValue> items;
            moveItems(first, items);
            push(opcode == 't' ? PickleKind::Tuple : PickleKind::List).items = std::move(items);
            return true;
        }
        case 'd': {
            const size_t first = popMark();
            m_stack.insert(m_stack.begin() + static_cast<ptrdiff_t>(first), make(PickleKind::Dict));
            movePairs(first + 1);
            return true;
        }
        case 'a':
            top();
            moveElements(m_stack.size() - 1);
            return true;
        case 'e':
        case 0x90:
            moveElements(popMark());
            return true;
        case 's':
            check(m_stack.size() >= 3, "the stack is empty");
            movePairs(m_stack.size() - 2);
            return true;
        case 'u':
            movePairs(popMark());
            return true;
        default:
            return false;
    }
}

void Machine::pushTuple(size_t count) {
    std::vector<PickleValue> items(count);
    while (count-- > 0) items[count] = pop();
    push(PickleKind::Tuple).items = std::move(items);
}

void Machine::moveItems(size_t first, std::vector<PickleValue>& items) {
    const auto begin = m_stack.begin() + static_cast<ptrdiff_t>(first);
    items.insert(items.end(), begin, m_stack.end());
    m_stack.erase(begin, m_stack.end());
}

// Appends the values from index `first` on to the list below them.
void Machine::moveElements(size_t first) {
    const size_t floor = m_marks.empty() ? 0 : m_marks.back();
    check(first > floor, "no list to append to");
    PickleValue& list = m_stack[first - 1];
    check(list.is(PickleKind::List) || list.is(PickleKind::Object), "appending to something that is not a list");
    moveItems(first, list.node()->items);
}

// Stores the values from index `first` on, keys and values in turn, in the dict below them.
void Machine::movePairs(size_t first) {
    const size_t floor = m_marks.empty() ? 0 : m_marks.back();
    check(first > floor && first <= m_stack.size(), "no dict to store in");
    check((m_stack.size() - first) % 2 == 0, "a key without a value");
    PickleValue& dict = m_stack[first - 1];
    check(dict.is(PickleKind::Dict) || dict.is(PickleKind::Object), "storing a key in something that is not a dict");
    auto& pairs = dict.node()->pairs;
    for (size_t i = first; i < m_stack.size(); i += 2) pairs.emplace_back(m_stack[i], m_stack[i + 1]);
    m_stack.resize(first);
}

bool Machine::runMemo(uint8_t opcode) {
    switch (opcode) {
        case 'q':
            memorize(m_reader.take<uint8_t>());
            return true;
        case 'r':
            memorize(m_reader.take<uint32_t>());
            return true;
        case 0x94:
            memorize(m_memo.size());
            return true;
        case 'h':
            recall(m_reader.take<uint8_t>());
            return true;
        case 'j':
            recall(m_reader.take<uint32_t>());
            return true;
        default:
            return false;
    }
}

void Machine::memorize(uint64_t index) {
    // Picklers count up from 0 or 1.
    check(index <= m_steps, "memo entry ", index, " is out of all proportion");
    if (index >= m_memo.size()) {
        m_memo.resize(index + 1);
        m_memoSet.resize(index + 1);
    }
    m_memo[index] = top();
    m_memoSet[index] = true;
}

void Machine::recall(uint64_t index) {
    check(index < m_memo.size() && m_memoSet[index], "memo entry ", index, " was never made");
    m_stack.push_back(m_memo[index]);
}

bool Machine::runStack(uint8_t opcode) {
    switch (opcode) {
        case '(':
            m_marks.push_back(m_stack.size());
            return true;
        case '0':
            pop();
            return true;
        case '1':
            m_stack.resize(popMark());
            return true;
        case '2':
            m_stack.push_back(top());
            return true;
        case 0x80: {
            const int protocol = m_reader.take<uint8_t>();
            check(protocol <= 5, "pickle protocol ", protocol, " is unknown");
            return true;
        }
        case 0x95: {
            const auto length = m_reader.take<uint64_t>();
            check(length <= m_reader.remaining(), "a frame of ", length, " bytes reaches past the end");
            return true;
        }
        default:
            return false;
    }
}

bool Machine::runObject(uint8_t opcode) {
    switch (opcode) {
        case 'c': {
            const std::string_view module = m_reader.takeLine();
            pushSymbol(module, m_reader.takeLine());
            return true;
        }
        case 0x93: {
            const PickleValue name = pop(), module = pop();
            check(name.asText() && module.asText(), "a symbol whose name is not text");
            pushSymbol(*module.asText(), *name.asText());
            return true;
        }
        case 'Q': {
            const PickleValue id = pop();
            push(PickleKind::Persistent).args = id;
            m_result.persistentIds.push_back(m_stack.back());
            return true;
        }
        case 'R':
        case 0x81: {
            const PickleValue args = pop();
            call(pop(), args);
            return true;
        }
        case 0x92: {
            pop();  // keyword arguments: no class we know has any
            const PickleValue args = pop();
            call(pop(), args);
            return true;
        }
        case 'b':
            build();
            return true;
        default:
            return false;
    }
}

void Machine::pushSymbol(std::string_view module, std::string_view name) {
    constexpr size_t kLongest = 1000;
    check(module.size() + name.size() <= kLongest, "a symbol of ", module.size() + name.size(), " bytes");
    std::string& text = m_result.symbolTexts.emplace_back();
    text.append(module).append(1, '.').append(name);
    push(PickleKind::Symbol).text = text;
}

// A call is remembered, not made. Only Python's own ordered dicts become what they stand for.
void Machine::call(PickleValue callee, const PickleValue& args) {
    const bool callable =
        callee.is(PickleKind::Symbol) || callee.is(PickleKind::Object) || callee.is(PickleKind::Persistent);
    check(callable, "a call of something that is not a symbol");
    check(args.is(PickleKind::Tuple), "a call whose arguments are not a tuple");
    const std::string_view symbol = callee.asSymbol().value_or("");
    if (symbol == "collections.OrderedDict" || symbol == "collections.defaultdict") {
        PickleNode& dict = push(PickleKind::Dict);
        if (symbol == "collections.defaultdict" || args.items().empty()) return;
        const auto pairs = args.items()[0].items();
        spend(pairs.size());  // the list may be passed again and again
        for (const PickleValue& pair : pairs) {
            check(pair.items().size() == 2, "an ordered dict made of something that is not a pair");
            dict.pairs.emplace_back(pair.items()[0], pair.items()[1]);
        }
        return;
    }
    PickleNode& object = push(PickleKind::Object);
    object.callee = callee;
    object.args = args;
}

void Machine::build() {
    const PickleValue state = pop();
    PickleValue& target = top();
    check(target.is(PickleKind::Object) || target.is(PickleKind::Dict), "a state for something that can have none");
    target.node()->state = state;
}

}  // namespace

Pickle unpickle(std::span<const std::byte> bytes, size_t offset) {
    return Machine(bytes, offset).run();
}

}  // namespace qat
