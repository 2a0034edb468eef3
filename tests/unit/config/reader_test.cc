#include "host/config/reader.h"

#include <gtest/gtest.h>

#include "host/config/json.h"
#include "tests/unit/config/temporary.h"

namespace traincast {
namespace {

Reader parse_text(std::string_view text) {
  return Reader::from_text(text, "x.json");
}
template <typename Ask>
std::string refusal(std::string_view text, Ask ask) {
  return message_of([&] {
    Reader root = parse_text(text);
    ask(root);
    root.finish();
  });
}
std::string refusal(std::string_view text) {
  return refusal(text, [](Reader&) {});
}

constexpr std::string_view kBandwidths = "B/s MB/s Gb/s GB/s Tb/s TB/s";

TEST(Reader, ReadsEveryKindOfMember) {
  Reader root = parse_text(R"({"$schema": "s", "notes": ["a"], "origin": "published", "source": "a paper",
    "memory": {"bandwidth": "3.35 TB/s", "latency": "0 s"}, "layers": 126, "pue": 1.2, "sharp": true,
    "product": "P", "recompute": "full", "fleets": [{"gpus": 1}, {"gpus": 2, "source": "own"}],
    "words": ["a", "b"], "samples": [1, 2.5], "libraries": {"b": "2", "a": "1"}})");
  Reader memory = root.object("memory");
  EXPECT_EQ(memory.quantity<Bandwidth>("bandwidth"), Bandwidth(3.35e12));
  EXPECT_EQ(memory.quantity<Seconds>("latency", Zero::allowed), Seconds(0));
  EXPECT_EQ(memory.quantity_or<Seconds>("absent", Seconds(5)), Seconds(5));
  EXPECT_EQ(root.count("layers"), 126);
  EXPECT_EQ(root.count_or("virtual_stages", 1), 1);
  EXPECT_EQ(root.number("pue", 1, 3), 1.2);
  EXPECT_EQ(root.number_or("absent", 7, 0), 7);
  EXPECT_TRUE(root.boolean("sharp"));
  EXPECT_TRUE(root.boolean_or("absent", true));
  EXPECT_EQ(root.text("product"), "P");
  constexpr std::string_view kNames[] = {"none", "full"};
  EXPECT_EQ(root.choice<int>("recompute", kNames), 1);
  EXPECT_EQ(root.choice_or<int>("absent", kNames, 5), 5);
  std::vector<Reader> fleets = root.objects("fleets");
  ASSERT_EQ(fleets.size(), 2U);
  EXPECT_EQ(fleets[0].count("gpus"), 1);
  EXPECT_EQ(fleets[1].count("gpus"), 2);
  EXPECT_EQ(fleets[1].where("gpus"), "x.json#/fleets/1/gpus");
  EXPECT_EQ(root.texts_or_none("words"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(root.numbers_or_none("samples", 0), (std::vector<double>{1, 2.5}));
  EXPECT_EQ(root.text_map_or_none("libraries"),
            (std::vector<std::pair<std::string, std::string>>{{"b", "2"}, {"a", "1"}}));
  EXPECT_FALSE(root.object_if("absent").has_value());
  root.finish();
}

TEST(Reader, ProvenanceComesFromTheNearestObject) {
  Reader root = parse_text(R"({"origin": "datasheet", "source": "sheet", "a": {"b": {"source": "paper"}},
                              "c": {"origin": "assumed"}})");
  Reader a = root.object("a");
  Reader b = a.object("b");
  Reader c = root.object("c");
  EXPECT_EQ(a.provenance().source, "sheet");
  EXPECT_EQ(b.provenance().source, "paper");
  EXPECT_EQ(b.provenance().origin, Origin::datasheet);
  EXPECT_EQ(c.provenance().origin, Origin::assumed);
  root.finish();
  EXPECT_EQ(refusal(R"({"source": "s"})", [](Reader& r) { r.provenance(); }),
            "x.json#: missing key \"origin\"");
  EXPECT_EQ(refusal(R"({"origin": "fitted"})", [](Reader& r) { r.provenance(); }),
            "x.json#: missing key \"source\"");
  EXPECT_EQ(refusal(R"({"origin": "guess"})"),
            "x.json#/origin: found the text \"guess\"; accepted: one of measured published fitted datasheet "
            "assumed");
  EXPECT_EQ(refusal(R"({"source": ""})"), "x.json#/source: the text is empty");
  EXPECT_EQ(refusal(R"({"notes": ["a", 1]})"), "x.json#/notes/1: found the number 1; accepted: a text");
  EXPECT_EQ(refusal(R"({"notes": 1})"),
            "x.json#/notes: found the number 1; accepted: a text or a list of texts");
}

TEST(Reader, RefusesWhatIsNotJson) {
  EXPECT_EQ(refusal(""), "x.json: not JSON: the file is empty");
  EXPECT_EQ(refusal(" \n\t "), "x.json: not JSON: the file is empty");
  EXPECT_EQ(refusal("\xEF\xBB\xBF"), "x.json: not JSON: the file is empty");
  EXPECT_EQ(refusal("{\n  \"a\": 1,\n}"),
            "x.json: not JSON: line 3, column 1: while parsing object key - unexpected '}'; expected string "
            "literal");
  EXPECT_EQ(
      refusal("{\"a\": 1"),
      "x.json: not JSON: line 1, column 7: while parsing object - unexpected end of input; expected '}'");
  EXPECT_EQ(
      refusal("{} {}"),
      "x.json: not JSON: line 1, column 4: while parsing value - unexpected '{'; expected end of input");
  EXPECT_EQ(refusal("{\"a\": 1e400}"),
            "x.json: not JSON: line 1, column 11: number overflow parsing '1e400'");
  EXPECT_EQ(
      refusal("{\"a\": NaN}"),
      "x.json: not JSON: line 1, column 7: while parsing value - invalid literal; last read: '\"a\": N'");
  EXPECT_EQ(refusal(std::string_view("{}\0{}", 5)), "x.json: not JSON: it has a zero byte");
  EXPECT_EQ(refusal("[1]"), "x.json#: found a list; accepted: an object");
  EXPECT_EQ(refusal("3"), "x.json#: found the number 3; accepted: an object");
  EXPECT_LT(refusal("{\"a\": \"" + std::string(1'000'000, 'x')).size(), 400U);
}

TEST(Reader, SkipsAByteOrderMark) {
  Reader root = parse_text("\xEF\xBB\xBF{\"a\": 1}");
  EXPECT_EQ(root.count("a"), 1);
}

TEST(Reader, RefusesDuplicateKeysAnywhere) {
  EXPECT_EQ(refusal(R"({"a": 1, "a": 1})"), "x.json#/a: duplicate key \"a\"; accepted: each key once");
  EXPECT_EQ(refusal(R"({"a": {"b": [1, {"c": 1, "c": 2}]}})"),
            "x.json#/a/b/1/c: duplicate key \"c\"; accepted: each key once");
  EXPECT_EQ(refusal(R"({"a/b": {"~\n": 1, "~\n": 2}})"),
            "x.json#/a~1b/~0\\n: duplicate key \"~\\n\"; accepted: each key once");
}

TEST(Reader, RefusesDeepNestingBeforeTheStackOverflows) {
  const std::string what = "x.json: nested deeper than 100 levels";
  EXPECT_EQ(refusal("{\"a\":" + std::string(5'000'000, '[')), what);
  std::string objects;
  for (int i = 0; i < 200'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(refusal(objects), what);
  Reader fits = parse_text("{\"a\":" + std::string(99, '[') + std::string(99, ']') + "}");
  EXPECT_TRUE(fits.has("a"));
}

TEST(Reader, RefusesUnknownKeysWithThoseItKnows) {
  EXPECT_EQ(refusal(R"({"a": 1, "x": 2, "y\n": 3})", [](Reader& r) { r.count("a"); }),
            R"(x.json#: unknown keys "x", "y\n"; accepted: a $schema notes origin source)");
  EXPECT_EQ(refusal(R"({"m": {"n": {"a": 1, "z": 2}}})",
                    [](Reader& r) { r.object("m").object("n").count_or("a", 1); }),
            R"(x.json#/m/n: unknown key "z"; accepted: a $schema notes origin source)");
  EXPECT_EQ(refusal(R"({"l": [{}, {"z": 2}]})", [](Reader& r) { r.objects("l"); }),
            R"(x.json#/l/1: unknown key "z"; accepted: $schema notes origin source)");
}

TEST(Reader, RefusesMissingKeysAndShowsSimilarOnes) {
  EXPECT_EQ(refusal(R"({"m": {"bandwith": "1 B/s"}})",
                    [](Reader& r) { r.object("m").quantity<Bandwidth>("bandwidth"); }),
            "x.json#/m: missing key \"bandwidth\"; found the similar \"bandwith\"");
  EXPECT_EQ(refusal("{}", [](Reader& r) { r.objects("fleets"); }), "x.json#: missing key \"fleets\"");
}

TEST(Reader, RefusesWhatIsNoCount) {
  const auto count = [](Reader& r) { r.count("a", 1, 100); };
  const std::string accepted = "accepted: a whole number from 1 to 100";
  EXPECT_EQ(refusal(R"({"a": 1.5})", count),
            "x.json#/a: 1.5 is not written as a whole number within 64 bits; " + accepted);
  EXPECT_EQ(refusal(R"({"a": 8.0})", count),
            "x.json#/a: 8 is not written as a whole number within 64 bits; " + accepted);
  EXPECT_EQ(refusal(R"({"a": 18446744073709551615})", count),
            "x.json#/a: 18446744073709551616 is not written as a whole number within 64 bits; " + accepted);
  EXPECT_EQ(refusal(R"({"a": -1})", count), "x.json#/a: -1 is out of range; " + accepted);
  EXPECT_EQ(refusal(R"({"a": 0})", count), "x.json#/a: 0 is out of range; " + accepted);
  EXPECT_EQ(refusal(R"({"a": 101})", count), "x.json#/a: 101 is out of range; " + accepted);
  EXPECT_EQ(refusal(R"({"a": "8"})", count), "x.json#/a: found the text \"8\"; " + accepted);
  EXPECT_EQ(refusal(R"({"a": null})", count), "x.json#/a: found null; " + accepted);
}

TEST(Reader, RefusesNumbersWhereUnitsAreDueAndTheReverse) {
  const auto quantity = [](Reader& r) { r.quantity<Bandwidth>("a"); };
  const std::string units(kBandwidths);
  EXPECT_EQ(refusal(R"({"a": 3.35})", quantity),
            "x.json#/a: found the number 3.35; accepted: a text of a number and one of " + units);
  EXPECT_EQ(refusal(R"({"a": "3.35 TBps"})", quantity),
            "x.json#/a: unknown unit \"TBps\"; accepted: a number and one of " + units);
  EXPECT_EQ(refusal(R"({"a": "3.35"})", quantity),
            "x.json#/a: \"3.35\" has no unit; accepted: a number and one of " + units);
  EXPECT_EQ(
      refusal(R"({"a": "nan TB/s"})", quantity),
      "x.json#/a: \"nan TB/s\" does not start with a finite number; accepted: a number and one of " + units);
  EXPECT_EQ(refusal(R"({"a": "-1 TB/s"})", quantity),
            "x.json#/a: \"-1 TB/s\" is out of range; accepted: more than zero");
  EXPECT_EQ(refusal(R"({"a": "0 TB/s"})", quantity),
            "x.json#/a: \"0 TB/s\" is out of range; accepted: more than zero");
  EXPECT_EQ(refusal(R"({"a": "-1 s"})", [](Reader& r) { r.quantity<Seconds>("a", Zero::allowed); }),
            "x.json#/a: \"-1 s\" is out of range; accepted: zero or more");
  const auto number = [](Reader& r) { r.number("a", 0, 1); };
  EXPECT_EQ(refusal(R"({"a": "0.5 s"})", number),
            "x.json#/a: found the text \"0.5 s\"; accepted: a plain number from 0 to 1");
  EXPECT_EQ(refusal(R"({"a": 1.01})", number),
            "x.json#/a: 1.01 is out of range; accepted: a plain number from 0 to 1");
  EXPECT_EQ(refusal(R"({"a": [1, -1]})", [](Reader& r) { r.numbers_or_none("a", 0); }),
            "x.json#/a/1: -1 is out of range; accepted: a plain number from 0");
}

TEST(Reader, RefusesOtherKinds) {
  EXPECT_EQ(refusal(R"({"a": 1})", [](Reader& r) { r.object("a"); }),
            "x.json#/a: found the number 1; accepted: an object");
  EXPECT_EQ(refusal(R"({"a": {}})", [](Reader& r) { r.objects("a"); }),
            "x.json#/a: found an object; accepted: a list of objects");
  EXPECT_EQ(refusal(R"({"a": [1]})", [](Reader& r) { r.objects("a"); }),
            "x.json#/a/0: found the number 1; accepted: an object");
  EXPECT_EQ(refusal(R"({"a": "yes"})", [](Reader& r) { r.boolean("a"); }),
            "x.json#/a: found the text \"yes\"; accepted: true or false");
  EXPECT_EQ(refusal(R"({"a": true})", [](Reader& r) { r.text("a"); }),
            "x.json#/a: found true; accepted: a text");
  EXPECT_EQ(refusal(R"({"a": ""})", [](Reader& r) { r.text("a"); }), "x.json#/a: the text is empty");
  EXPECT_EQ(refusal(R"({"a": "Full"})",
                    [](Reader& r) {
                      constexpr std::string_view kNames[] = {"none", "full"};
                      r.choice<int>("a", kNames);
                    }),
            "x.json#/a: found the text \"Full\"; accepted: one of none full");
  EXPECT_EQ(refusal(R"({"a": {"b": 1}})", [](Reader& r) { r.text_map_or_none("a"); }),
            "x.json#/a/b: found the number 1; accepted: a text");
}

TEST(Reader, NamesTheFileAsGiven) {
  const TemporaryFolder folder;
  const auto file = folder.write("g.json", "{");
  EXPECT_TRUE(message_of([&] { Reader::from_file(file); }).starts_with(file.string() + ": not JSON: line 1"));
}

}  // namespace
}  // namespace traincast
