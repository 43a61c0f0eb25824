// Markup and the style sheet.
#include "report/html_page.h"

#include "base/text.h"

namespace qat {
namespace {

// Colours of the lines are told apart with red-green blindness too (Okabe & Ito 2008).
constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --page: #ffffff; --text: #1c1f24; --quiet: #626b78; --rule: #dde1e7; --sunken: #f4f6f8;
  --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #cc79a7; --c4: #b8860b; --c5: #56b4e9; --warning: #8a5a00; --error: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --page: #16181c; --text: #e6e8eb; --quiet: #9aa3af; --rule: #31363e; --sunken: #1e2127;
  --c0: #56b4e9; --c1: #e69f00; --c2: #2fc695; --c3: #e29ac0; --c4: #f0e442; --c5: #9fd3f2; --warning: #e8b04b; --error: #ff8a80; } }
body { background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; max-width: 960px; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; border-bottom: 1px solid var(--rule); } h3 { font-size: 1em; margin-bottom: 0; }
.note { color: var(--quiet); } .warning { color: var(--warning); } .error { color: var(--error); }
table { border-collapse: collapse; margin: 1em 0; } th, td { padding: 3px 12px 3px 0; text-align: right; border-bottom: 1px solid var(--rule); }
th:first-child, td:first-child { text-align: left; } th { color: var(--quiet); font-weight: 600; } td { font-variant-numeric: tabular-nums; }
div.wide { overflow-x: auto; } pre { background: var(--sunken); padding: 1em; overflow-x: auto; font-size: 13px; } a { color: var(--c0); }
svg { width: 100%; height: auto; } svg text { fill: var(--quiet); font: 11px system-ui, sans-serif; } svg .end { text-anchor: end; } svg .mid { text-anchor: middle; }
svg .grid { stroke: var(--rule); } svg .level { stroke: var(--quiet); stroke-dasharray: 4 4; } svg .mean { stroke: var(--text); stroke-width: 2; }
svg polyline, svg line { fill: none; stroke-width: 1.5; } svg .bar { fill: var(--c0); }
svg .c0 { stroke: var(--c0); } svg .c1 { stroke: var(--c1); } svg .c2 { stroke: var(--c2); } svg .c3 { stroke: var(--c3); } svg .c4 { stroke: var(--c4); }
svg .c5 { stroke: var(--c5); } svg .dot { fill: var(--page); stroke-width: 2; }
)";

}  // namespace

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : withUtf8Only(text)) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '"')
            out += "&quot;";
        else if ((static_cast<unsigned char>(c) < 0x20 || c == 0x7F) && c != '\n' && c != '\t')
            out += ' ';
        else
            out += c;
    }
    return out;
}

HtmlPage::HtmlPage(const std::string& title) {
    m_text =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
        "content=\"width=device-width, initial-scale=1\">\n<title>" +
        escaped(title) + "</title>\n<style>" + std::string(kStyle) + "</style>\n</head>\n<body>\n<h1>" +
        escaped(title) + "</h1>\n";
}

void HtmlPage::heading(std::string_view text) {
    m_text += "<h2>" + escaped(text) + "</h2>\n";
}

void HtmlPage::paragraph(std::string_view text, const char* kind) {
    m_text += std::string("<p class=\"") + kind + "\">" + escaped(text) + "</p>\n";
}

void HtmlPage::table(const std::vector<std::vector<std::string>>& rows) {
    m_text += "<div class=\"wide\"><table>\n";
    for (size_t i = 0; i < rows.size(); ++i) {
        m_text += "<tr>";
        for (const std::string& cell : rows[i])
            m_text += (i == 0 ? "<th>" : "<td>") + escaped(cell) + (i == 0 ? "</th>" : "</td>");
        m_text += "</tr>\n";
    }
    m_text += "</table></div>\n";
}

void HtmlPage::preformatted(std::string_view summary, std::string_view text) {
    m_text += "<details><summary>" + escaped(summary) + "</summary><pre>" + escaped(text) + "</pre></details>\n";
}

void HtmlPage::link(std::string_view target, std::string_view text) {
    m_text += "<p><a href=\"" + escaped(target) + "\">" + escaped(text) + "</a></p>\n";
}

void HtmlPage::html(std::string_view markup) {
    m_text += markup;
}

void HtmlPage::figure(std::string_view title, std::string_view svg) {
    if (svg.empty()) return;
    m_text += "<h3>" + escaped(title) + "</h3>\n" + std::string(svg) + "\n";
}

std::string HtmlPage::finish() {
    m_text += "</body>\n</html>\n";
    return std::move(m_text);
}

}  // namespace qat
