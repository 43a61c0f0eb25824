#!/usr/bin/env bash
# Checks how large sources are: files, lines, functions and classes. Prints each that is too large; status 1 if there is
# one. What is one idea may be larger if the comment above it says why: "More than 25 methods: ...".
set -euo pipefail
# shellcheck source=packaging/common.sh
. "$(dirname "$0")/common.sh"
cd "$top"

usage() {
    cat <<END
usage: packaging/sizes.sh
  files        400 lines
  lines        120 columns, but for text that is written as it is (raw strings)
  functions    60 lines
  classes      25 methods, private and overriding ones, constructors and signals too
END
}

case ${1:-} in
    "") ;;
    --help | -h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
esac

sources() { find core app ui tests bench -name node_modules -prune -o \( -name '*.h' -o -name '*.cpp' \) -print0; }
scripts() { find packaging -type f -name '*.sh' -print0; }

check_lines() {
    xargs -0 awk '
        function offend(text) { print FILENAME ":" FNR ": " text; bad = 1 }
        FNR == 1 { raw = 0 }
        FNR == 401 { offend("more than 400 lines in a file") }
        {
            line = $0
            within = raw
            if (!raw && match(line, /R"[a-z]*\(/)) {
                raw = within = 1
                closing = ")" substr(line, RSTART + 2, RLENGTH - 3) "\""
                line = substr(line, RSTART + RLENGTH)
            }
            if (raw && index(line, closing)) raw = 0
            columns = $0
            gsub(/[\200-\277]/, "", columns)  # bytes that continue a character
            if (length(columns) > 120 && !within) offend("more than 120 columns")
        }
        END { exit bad }'
}

# A method is counted where its class declares or defines it.
check_declarations() {
    ctags -L - --languages=C++ --langmap=C++:+.h --kinds-C++=fpcs --fields=+neKs --excmd=number -f - 2>/dev/null |
        awk -F '\t' '
        function offend(at, text) { print at ": " text; bad = 1 }
        # Whether the comment that ends above the line gives a reason.
        function excused(file, line,    text, lines, i, found) {
            while ((getline text < file) > 0) lines[++i] = text
            close(file)
            for (i = line - 1; i > 0 && (lines[i] ~ /^ *\/\// || lines[i] ~ /^ *template/); i--)
                if (lines[i] ~ /More than 25 methods: ./) found = 1
            return found
        }
        /^!/ { next }
        {
            line = $3 + 0
            end = scope = ""
            for (i = 5; i <= NF; i++) {
                if ($i ~ /^end:/) end = substr($i, 5) + 0
                if ($i ~ /^(class|struct):/) { scope = $i; sub(/^[a-z]*:/, "", scope) }
            }
            if ($4 == "class" || $4 == "struct") {
                own = $1
                for (i = 5; i <= NF; i++)
                    if ($i ~ /^(class|struct|namespace):/) { own = $i; sub(/^[a-z]*:/, "", own); own = own "::" $1 }
                first[$2, own] = line
                last[$2, own] = end
            } else {
                if ($4 == "function" && end - line >= 60) offend($2 ":" line, $1 " has more than 60 lines")
                if (scope == "" || $1 ~ /^__anon/) next  # a lambda is no method
                members++
                file[members] = $2
                at[members] = line
                of[members] = scope
            }
        }
        END {
            if (!members) { print "error: ctags found nothing"; exit 1 }
            for (i = 1; i <= members; i++) {
                name = file[i] SUBSEP of[i]
                if (name in first && at[i] >= first[name] && at[i] <= last[name]) count[name]++
            }
            for (name in count) {
                split(name, part, SUBSEP)
                if (count[name] > 25 && !excused(part[1], first[name]))
                    offend(part[1] ":" first[name], part[2] " has " count[name] " methods, and no comment says why")
            }
            exit bad
        }'
}

status=0
{ sources && scripts; } | LC_ALL=C check_lines || status=1
if ctags --version 2>/dev/null | grep -q 'Universal Ctags'; then
    sources | tr '\0' '\n' | check_declarations || status=1
else
    warn "universal-ctags is not installed: the sizes of functions and classes are not checked"
fi
[ "$status" = 0 ] || die "too large: split by idea"
