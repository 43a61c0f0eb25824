// A line of events.jsonl from an event, and an event from a line.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runs/event.h"

namespace qat {

// The line without its end: {"t":1.5,"type":"scalar",...}, the fields in the order of fields(). Numbers that are not
// finite become null, bytes that are not UTF-8 become U+FFFD.
std::string eventLine(double t, const RunEvent& event);

// Nothing if the line is no JSON object. A field that is missing or of the wrong kind keeps its default; null is the
// number NaN. Never throws for what the line holds.
std::optional<TimedEvent> readEventLine(std::string_view line);

}  // namespace qat
