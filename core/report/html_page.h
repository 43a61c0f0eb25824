// A page that needs nothing but itself: style sheet for light and dark, no script, nothing from elsewhere.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qat {

// Fit for text and for attributes in double quotes; control characters but line ends and tabs become spaces, broken
// UTF-8 becomes replacement characters.
std::string escaped(std::string_view text);

class HtmlPage {
public:
    explicit HtmlPage(const std::string& title);

    // All texts are escaped here; only html() takes markup.
    void heading(std::string_view text);
    void paragraph(std::string_view text, const char* kind = "");  // kind: note, warning, error
    // The first row is the head; the first column is text, the others are figures.
    void table(const std::vector<std::vector<std::string>>& rows);
    void preformatted(std::string_view summary, std::string_view text);  // folded away
    void link(std::string_view target, std::string_view text);           // target: a path relative to the page
    void html(std::string_view markup);
    // A chart with its title; nothing for an empty one.
    void figure(std::string_view title, std::string_view svg);

    std::string finish();

private:
    std::string m_text;
};

}  // namespace qat
