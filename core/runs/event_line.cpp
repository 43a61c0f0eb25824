// Lines: time and type in front, then the event's own fields.
#include "runs/event_line.h"

#include "base/text.h"
#include "runs/fields_json.h"

namespace qat {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

template <class Event>
bool readIf(std::string_view type, const json& line, RunEvent& event) {
    if constexpr (HasFields<Event>)
        if (type == Event::type) {
            fromJson(line, event.emplace<Event>());
            return true;
        }
    return false;
}

template <class... Events>
void readAs(std::string_view type, const json& line, std::variant<Events...>& event) {
    (readIf<Events>(type, line, event) || ...);
}

}  // namespace

std::string eventLine(double t, const RunEvent& event) {
    ordered_json line{{"t", toJson(t)}};
    std::visit(
        [&]<class Event>(const Event& e) {
            if constexpr (HasFields<Event>) {
                line["type"] = Event::type;
                putFields(line, e);
            }
        },
        event);
    return jsonText(line);
}

std::optional<TimedEvent> readEventLine(std::string_view line) {
    const json parsed = json::parse(line, nullptr, false);
    if (!parsed.is_object()) return std::nullopt;
    TimedEvent read;
    std::string type;
    takeField(parsed, "t", read.t);
    takeField(parsed, "type", type);
    if (std::isnan(read.t)) read.t = 0;
    readAs(type, parsed, read.event);
    return read;
}

}  // namespace qat
