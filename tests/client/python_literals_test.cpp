#include "client/python_literals.hpp"

#include <doctest/doctest.h>

using namespace xgrid::client;

namespace {

using Texts = std::vector<std::string>;

Literals read(std::string_view source) { return read_literals(source, {"a", "b"}); }

// What one assignment to a gives.
Literal value(std::string_view source) {
    const Literals found = read(source);
    REQUIRE_MESSAGE(found.assignments.size() == 1, source);
    return found.assignments.front().value;
}

bool unreadable(std::string_view source) {
    const Literals found = read(source);
    return found.assignments.empty() && found.notes.size() == 1;
}

bool nothing(std::string_view source) {
    const Literals found = read(source);
    return found.assignments.empty() && found.notes.empty();
}

}  // namespace

TEST_CASE("strings, lists and tuples of strings are read") {
    CHECK(value("a = 'x'") == Literal("x"));
    CHECK(value("a=\"it's\"\n") == Literal("it's"));
    CHECK(value("a = ['x', \"y\",]") == Literal(Texts{"x", "y"}));
    CHECK(value("a = ('x', 'y')") == Literal(Texts{"x", "y"}));
    CHECK(value("a = ('x',)") == Literal(Texts{"x"}));
    CHECK(value("a = ('x')") == Literal("x"));
    CHECK(value("a = (['x'])") == Literal(Texts{"x"}));
    CHECK(value("a = 'x', 'y'") == Literal(Texts{"x", "y"}));
    CHECK(value("a = 'x',") == Literal(Texts{"x"}));
    CHECK(value("a = []") == Literal(Texts{}));
    CHECK(value("a = ()") == Literal(Texts{}));
    CHECK(value("a = True") == Literal(true));
    CHECK(value("a = (False)") == Literal(false));
    CHECK(value("a = None") == Literal());
}

TEST_CASE("strings may be written in each of Python's ways") {
    CHECK(value("a = u'x'") == Literal("x"));
    CHECK(value("a = R'\\d\\''") == Literal("\\d\\'"));
    CHECK(value("a = b'\\xff\\u0041'") == Literal("\xff\\u0041"));
    CHECK(value("a = Rb'\\x41'") == Literal("\\x41"));
    CHECK(value("a = '''x\n'y' ''\\\nz'''") == Literal("x\n'y' ''z"));
    CHECK(value("a = \"\"\"x\"y\"\"\" ''") == Literal("x\"y"));
    CHECK(value("a = 'x' \"y\" r'\\z'") == Literal("xy\\z"));
    CHECK(value("a = '\\x41\\102\\u00e9\\U0001F600\\t\\\\\\q\\0012'") ==
          Literal("AB\xc3\xa9\xf0\x9f\x98\x80\t\\\\q\x01"
                  "2"));
    CHECK(value("a = '#no' # yes") == Literal("#no"));
    CHECK(value("a = ['x' # one\n 'y',\n\n # two\n 'z']") == Literal(Texts{"xy", "z"}));
    CHECK(value("a = ('x'\n 'y')") == Literal("xy"));
}

TEST_CASE("lines may be continued, joined, and end as on other systems") {
    CHECK(value("a = \\\n 'x' \\\n 'y'\n") == Literal("xy"));
    CHECK(value("import os; a = 'x'; c = 3") == Literal("x"));
    CHECK(value("\xef\xbb\xbf"
                "a = 'x'\r\n") == Literal("x"));
    CHECK(value("a = [\r\n'x',\r'y']\r") == Literal(Texts{"x", "y"}));
    CHECK(value("\n\n  # odd\n\t\n\fa = 'x'") == Literal("x"));
}

TEST_CASE("several names may share a value, and have a type") {
    CHECK(read("a = c = b = ['x']").assignments ==
          std::vector<Assignment>{{"a", 1, Texts{"x"}}, {"b", 1, Texts{"x"}}});
    CHECK(value("a: 'List[str]' = ['x']") == Literal(Texts{"x"}));
    CHECK(value("a: Dict[str, int] = 'x'") == Literal("x"));
    CHECK(nothing("a: str\n"));
}

TEST_CASE("assignments come in order, with their lines") {
    const Literals found = read("'''doc\n'''\na = 'x'\n\ndef f(\n):\n  a = 'no'\n\na = ['y']\n");
    CHECK(found.assignments == std::vector<Assignment>{{"a", 3, "x"}, {"a", 9, Texts{"y"}}});
    CHECK(found.notes.empty());
}

TEST_CASE("what is computed is a note, and what follows is read") {
    for (const char* computed : {"a = f'{x}'",
                                 "a = fr'x'",
                                 "a = ['x', y]",
                                 "a = os.path.join('x')",
                                 "a = 'x' + 'y'",
                                 "a = ['x'] * 3",
                                 "a = ['x'] + []",
                                 "a = 3",
                                 "a = {'x'}",
                                 "a = {'x': 'y'}",
                                 "a = 'x'.y",
                                 "a = ['x' for x in y]",
                                 "a = [['x']]",
                                 "a = [True]",
                                 "a = ('x' 'y'",
                                 "a = 'x' if y else 'z'",
                                 "a = '\\N{BULLET}'",
                                 "a = '\\ud800'",
                                 "a = '\\0'",
                                 "a = 'x",
                                 "a = ",
                                 "a = ['x'",
                                 "a = '\\x4'",
                                 "a = lambda: 'x'",
                                 "a = \\",
                                 "a = r'\\",
                                 "a = ''' x",
                                 "a = (((((((((((((((((((((((((",
                                 "a += ['x']",
                                 "a.append('x')",
                                 "a[0] = 'x'",
                                 "a, c = 'x', 'y'"}) {
        CHECK_MESSAGE(unreadable(computed), computed);
    }
    const Literals found = read("a = [dict(\n  b=['no'],\n)]\nb = 'x'\n");
    CHECK(found.notes == Texts{"1: a is not written as plain strings"});
    CHECK(found.assignments == std::vector<Assignment>{{"b", 4, "x"}});
}

TEST_CASE("a block's assignments are notes, a function's or class's are its own") {
    CHECK(read("if x:\n    a = 'y'\n").notes == Texts{"2: a is assigned within a block"});
    CHECK(unreadable("if x: a = 'y'; a = 'z'"));
    CHECK(unreadable("try:\n\ta = 'y'\nexcept E: pass\n"));
    CHECK(nothing("def f():\n    a = 'y'\n    if x:\n        a = 'z'\n"));
    CHECK(nothing("if x:\n  class C:\n    a = 'y'\n"));
    CHECK(nothing("class C: a = 'y'; a = 'z'"));
    CHECK(nothing("async def f(x='''\n''', y={\n}):\n  a = 'y'\n"));
    CHECK(unreadable("if x:\n  def f():\n    a = 'y'\n  a = 'z'\n"));
}

TEST_CASE("a name within something else is none of ours") {
    CHECK(nothing("'''\na = 'x'\n'''\n"));
    CHECK(nothing("x = f(\na = 'y'\n)\n"));
    CHECK(nothing("x = [\na,\nb]\n"));
    CHECK(nothing("# a = 'x'\naa = 'x'\nx.a = 'x'\na == 'x'\nprint(a)\n"));
    CHECK(nothing("x = 'it\\'s' + \"\\\"\n"));
    CHECK(nothing("x = \\\na\n"));
    CHECK(nothing(""));
    CHECK(nothing(std::string_view("\0\0a", 3)));
}
