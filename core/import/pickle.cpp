// The opcodes of pickles, one group a function.
#include "import/pickle.h"

#include <algorithm>
#include <bit>
#include <charconv>

#include "base/text.h"
#include "import/pickle_machine.h"

namespace qat {
namespace {

// Each group does the opcode and returns true, or returns false if the opcode is not one of its own.
using OpcodeGroup = bool (*)(PickleMachine& machine, uint8_t opcode);

void pushLong(PickleMachine& machine, int64_t length) {
    machine.check(length >= 0, "an integer of negative length");
    const std::string_view bytes = machine.reader().takeText(static_cast<size_t>(length));
    if (bytes.size() > sizeof(int64_t)) {
        machine.push(PickleKind::BigInt).text = bytes;
        return;
    }
    const bool negative = !bytes.empty() && (bytes.back() & 0x80) != 0;
    uint64_t bits = negative ? ~uint64_t{0} : 0;
    for (size_t i = bytes.size(); i-- > 0;) bits = bits << 8 | static_cast<uint8_t>(bytes[i]);
    machine.pushValue(PickleValue(static_cast<int64_t>(bits)));
}

bool runScalar(PickleMachine& machine, uint8_t opcode) {
    switch (opcode) {
        case 'N':
            machine.pushValue({});
            return true;
        case 0x88:
            machine.pushValue(PickleValue(true));
            return true;
        case 0x89:
            machine.pushValue(PickleValue(false));
            return true;
        case 'J':
            machine.pushValue(PickleValue(int64_t{machine.reader().take<int32_t>()}));
            return true;
        case 'K':
            machine.pushValue(PickleValue(int64_t{machine.reader().take<uint8_t>()}));
            return true;
        case 'M':
            machine.pushValue(PickleValue(int64_t{machine.reader().take<uint16_t>()}));
            return true;
        case 0x8a:
            pushLong(machine, machine.reader().take<uint8_t>());
            return true;
        case 0x8b:
            pushLong(machine, machine.reader().take<int32_t>());
            return true;
        case 'G': {
            uint64_t bits = 0;
            for (const std::byte byte : machine.reader().take(8)) bits = bits << 8 | static_cast<uint64_t>(byte);
            machine.pushValue(PickleValue(std::bit_cast<double>(bits)));
            return true;
        }
        default:
            return false;
    }
}

// Numbers as text, ended by a line feed. Python 2 writes integers above 32 bits so even in protocol 2.
bool runTextNumber(PickleMachine& machine, uint8_t opcode) {
    if (opcode != 'I' && opcode != 'L' && opcode != 'F') return false;
    std::string_view text = machine.reader().takeLine();
    if (opcode == 'I' && (text == "00" || text == "01")) {
        machine.pushValue(PickleValue(text == "01"));
        return true;
    }
    if (opcode == 'L' && text.ends_with('L')) text.remove_suffix(1);
    const auto parse = [&](auto value) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        machine.check(error == std::errc() && end == text.data() + text.size(), inQuotes(text),
                      " is not a number we can hold");
        machine.pushValue(PickleValue(value));
    };
    if (opcode == 'F')
        parse(double{});
    else
        parse(int64_t{});
    return true;
}

void pushText(PickleMachine& machine, PickleKind kind, uint64_t length) {
    const std::string_view text = machine.reader().takeText(length);
    machine.push(kind).text = text;
}

bool runText(PickleMachine& machine, uint8_t opcode) {
    switch (opcode) {
        case 'X':
            pushText(machine, PickleKind::String, machine.reader().take<uint32_t>());
            return true;
        case 0x8c:
            pushText(machine, PickleKind::String, machine.reader().take<uint8_t>());
            return true;
        case 0x8d:
            pushText(machine, PickleKind::String, machine.reader().take<uint64_t>());
            return true;
        case 'U':
            pushText(machine, PickleKind::Bytes, machine.reader().take<uint8_t>());
            return true;
        case 'T':
            pushText(machine, PickleKind::Bytes, machine.reader().take<uint32_t>());
            return true;
        case 'C':
            pushText(machine, PickleKind::Bytes, machine.reader().take<uint8_t>());
            return true;
        case 'B':
            pushText(machine, PickleKind::Bytes, machine.reader().take<uint32_t>());
            return true;
        case 0x8e:
            pushText(machine, PickleKind::Bytes, machine.reader().take<uint64_t>());
            return true;
        default:
            return false;
    }
}

void pushTuple(PickleMachine& machine, size_t count) {
    std::vector<PickleValue> items(count);
    while (count-- > 0) items[count] = machine.pop();
    machine.push(PickleKind::Tuple).items = std::move(items);
}

// A list or tuple of what lies above the latest mark.
void pushMarked(PickleMachine& machine, PickleKind kind) {
    std::vector<PickleValue> items = machine.takeFrom(machine.popMark());
    machine.push(kind).items = std::move(items);
}

// A dict of it, keys and values in turn.
void pushMarkedPairs(PickleMachine& machine) {
    const std::vector<PickleValue> items = machine.takeFrom(machine.popMark());
    machine.check(items.size() % 2 == 0, "a key without a value");
    auto& pairs = machine.push(PickleKind::Dict).pairs;
    for (size_t i = 0; i < items.size(); i += 2) pairs.emplace_back(items[i], items[i + 1]);
}

bool runCollection(PickleMachine& machine, uint8_t opcode) {
    switch (opcode) {
        case '}':
            machine.push(PickleKind::Dict);
            return true;
        case ']':
        case 0x8f:
            machine.push(PickleKind::List);
            return true;  // a set is a list here: only membership is ever asked
        case ')':
            machine.push(PickleKind::Tuple);
            return true;
        case 0x85:
            pushTuple(machine, 1);
            return true;
        case 0x86:
            pushTuple(machine, 2);
            return true;
        case 0x87:
            pushTuple(machine, 3);
            return true;
        case 't':
            pushMarked(machine, PickleKind::Tuple);
            return true;
        case 'l':
        case 0x91:
            pushMarked(machine, PickleKind::List);
            return true;
        case 'd':
            pushMarkedPairs(machine);
            return true;
        case 'a':
            machine.top();
            machine.appendFrom(machine.size() - 1);
            return true;
        case 'e':
        case 0x90:
            machine.appendFrom(machine.popMark());
            return true;
        case 's':
            machine.check(machine.size() >= 3, "the stack is empty");
            machine.storeFrom(machine.size() - 2);
            return true;
        case 'u':
            machine.storeFrom(machine.popMark());
            return true;
        default:
            return false;
    }
}

bool runMemo(PickleMachine& machine, uint8_t opcode) {
    switch (opcode) {
        case 'q':
            machine.memorize(machine.reader().take<uint8_t>());
            return true;
        case 'r':
            machine.memorize(machine.reader().take<uint32_t>());
            return true;
        case 0x94:
            machine.memorize(machine.memoSize());
            return true;
        case 'h':
            machine.recall(machine.reader().take<uint8_t>());
            return true;
        case 'j':
            machine.recall(machine.reader().take<uint32_t>());
            return true;
        default:
            return false;
    }
}

bool runStack(PickleMachine& machine, uint8_t opcode) {
    switch (opcode) {
        case '(':
            machine.mark();
            return true;
        case '0':
            machine.pop();
            return true;
        case '1':
            machine.takeFrom(machine.popMark());
            return true;
        case '2':
            machine.pushValue(machine.top());
            return true;
        case 0x80: {
            const int protocol = machine.reader().take<uint8_t>();
            machine.check(protocol <= 5, "pickle protocol ", protocol, " is unknown");
            return true;
        }
        case 0x95: {
            const auto length = machine.reader().take<uint64_t>();
            machine.check(length <= machine.reader().remaining(), "a frame of ", length, " bytes reaches past the end");
            return true;
        }
        default:
            return false;
    }
}

// A call is remembered, not made. Only Python's own ordered dicts become what they stand for.
void call(PickleMachine& machine, PickleValue callee, const PickleValue& args) {
    const bool callable =
        callee.is(PickleKind::Symbol) || callee.is(PickleKind::Object) || callee.is(PickleKind::Persistent);
    machine.check(callable, "a call of something that is not a symbol");
    machine.check(args.is(PickleKind::Tuple), "a call whose arguments are not a tuple");
    const std::string_view symbol = callee.asSymbol().value_or("");
    if (symbol == "collections.OrderedDict" || symbol == "collections.defaultdict") {
        PickleNode& dict = machine.push(PickleKind::Dict);
        if (symbol == "collections.defaultdict" || args.items().empty()) return;
        const auto pairs = args.items()[0].items();
        machine.spend(pairs.size());  // the list may be passed again and again
        for (const PickleValue& pair : pairs) {
            machine.check(pair.items().size() == 2, "an ordered dict made of something that is not a pair");
            dict.pairs.emplace_back(pair.items()[0], pair.items()[1]);
        }
        return;
    }
    PickleNode& object = machine.push(PickleKind::Object);
    object.callee = callee;
    object.args = args;
}

void build(PickleMachine& machine) {
    const PickleValue state = machine.pop();
    PickleValue& target = machine.top();
    machine.check(target.is(PickleKind::Object) || target.is(PickleKind::Dict),
                  "a state for something that can have none");
    target.node()->state = state;
}

bool runObject(PickleMachine& machine, uint8_t opcode) {
    switch (opcode) {
        case 'c': {
            const std::string_view module = machine.reader().takeLine();
            machine.pushSymbol(module, machine.reader().takeLine());
            return true;
        }
        case 0x93: {
            const PickleValue name = machine.pop(), module = machine.pop();
            machine.check(name.asText() && module.asText(), "a symbol whose name is not text");
            machine.pushSymbol(*module.asText(), *name.asText());
            return true;
        }
        case 'Q': {
            const PickleValue id = machine.pop();
            machine.pushPersistent(id);
            return true;
        }
        case 'R':
        case 0x81: {
            const PickleValue args = machine.pop();
            call(machine, machine.pop(), args);
            return true;
        }
        case 0x92: {
            machine.pop();  // keyword arguments: no class we know has any
            const PickleValue args = machine.pop();
            call(machine, machine.pop(), args);
            return true;
        }
        case 'b':
            build(machine);
            return true;
        default:
            return false;
    }
}

// The most frequent ones first.
constexpr OpcodeGroup kGroups[] = {runMemo, runScalar, runCollection, runText, runObject, runStack, runTextNumber};

}  // namespace

Pickle unpickle(std::span<const std::byte> bytes, size_t offset) {
    PickleMachine machine(bytes, offset);
    for (uint8_t opcode; (opcode = machine.nextOpcode()) != '.';) {
        const bool known = std::ranges::any_of(kGroups, [&](OpcodeGroup run) { return run(machine, opcode); });
        machine.check(known, "opcode ", static_cast<int>(opcode), " is not supported");
    }
    return machine.finish();
}

}  // namespace qat
