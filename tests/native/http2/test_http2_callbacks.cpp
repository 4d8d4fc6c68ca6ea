// What the callbacks make of frames that are written here byte for byte, and of streams in turn.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "http2/http2_callbacks.h"

using namespace tiltyard;

namespace {

Bytes frame(uint8_t type, uint8_t flags, uint32_t stream_id, const Bytes& payload) {
  Bytes out(9, '\0');
  store_u32_be(out.data(), static_cast<uint32_t>(payload.size()) << 8);
  out[3] = static_cast<char>(type);
  out[4] = static_cast<char>(flags);
  store_u32_be(out.data() + 5, stream_id);
  return out + payload;
}

// HPACK from the static table, and the path as a literal.
Bytes headers(uint32_t stream_id, const Bytes& path, bool end) {
  const Bytes block = Bytes("\x83\x86\x41\x01h\x44", 6) + static_cast<char>(path.size()) + path;
  return frame(NGHTTP2_HEADERS, end ? 5 : 4, stream_id, block);
}

Bytes data(uint32_t stream_id, const Bytes& payload, bool end = false) {
  return frame(NGHTTP2_DATA, end ? 1 : 0, stream_id, payload);
}

const Bytes kGreeting = Bytes(NGHTTP2_CLIENT_MAGIC) + frame(NGHTTP2_SETTINGS, 0, 0, "");

// Gives every stream its own tag, and keeps what it heard of each.
struct PerStream final : Http2Handler {
  struct Heard {
    Bytes path, data;
    bool ended = false, closed = false;
  };
  std::map<uint32_t, Heard> heard;  // by tag
  std::map<uint32_t, int32_t> ids;
  uint32_t refuse_from = UINT32_MAX;
  Bytes body = "ok";
  size_t taken = 0;

  uint32_t on_stream_opened(Http2Session&, int32_t id) override {
    const auto tag = static_cast<uint32_t>(ids.size() + 1);
    if (tag >= refuse_from) return kRefused;
    ids[tag] = id;
    return tag;
  }
  void on_header(Http2Session&, uint32_t tag, BytesView name, BytesView value) override {
    if (name == ":path") heard[tag].path = value;
  }
  void on_headers_end(Http2Session&, uint32_t tag, bool end) override { heard[tag].ended = end; }
  void on_data(Http2Session& session, uint32_t tag, BytesView bytes) override {
    heard[tag].data.append(bytes);
    session.consume(ids[tag], bytes.size());
  }
  void on_end_of_stream(Http2Session&, uint32_t tag) override { heard[tag].ended = true; }
  void on_stream_closed(Http2Session&, uint32_t tag, uint32_t) override {
    heard[tag].closed = true;
  }
  BodyState body_state(uint32_t) override { return {body.size() - taken, true}; }
  BytesView take_body(uint32_t, size_t bytes) override {
    taken += bytes;
    return BytesView(body).substr(taken - bytes, bytes);
  }
  void on_body_end(Http2Session&, uint32_t) override {}
};

struct Server {
  explicit Server(const Limits& limits = {}) : session(limits, nullptr) {
    session.set_handler(&handler);
    REQUIRE(session.feed(kGreeting));
    output();
  }
  Bytes output() {
    Bytes out;
    (void)session.take_output(out, 1 << 20);
    return out;
  }
  PerStream handler;
  Http2Session session;
};

// The types of the frames in `wire`.
std::vector<int> types_of(const Bytes& wire) {
  std::vector<int> types;
  for (size_t at = 0; at + 9 <= wire.size();) {
    types.push_back(wire[at + 3]);
    at += 9 + (load_u32_be(wire.data() + at) >> 8);
  }
  return types;
}

}  // namespace

TEST_CASE("frames of many streams in turn reach each its own tag") {
  Server server;
  Bytes wire;
  for (uint32_t i = 0; i < 10; ++i) {
    wire += headers(2 * i + 1, "/" + std::to_string(i), false);
  }
  for (int round = 0; round < 3; ++round) {
    for (uint32_t i = 0; i < 10; ++i) wire += data(2 * i + 1, std::to_string(i));
  }
  for (uint32_t i = 0; i < 10; i += 2) wire += data(2 * i + 1, "", true);
  REQUIRE(server.session.feed(wire));
  for (uint32_t i = 0; i < 10; ++i) {
    const PerStream::Heard& heard = server.handler.heard.at(i + 1);
    const Bytes digit = std::to_string(i);
    CHECK(heard.path == "/" + digit);
    CHECK(heard.data == digit + digit + digit);
    CHECK(heard.ended == (i % 2 == 0));
  }
}

TEST_CASE("a stream's tag is not remembered beyond its end") {
  Server server;
  REQUIRE(server.session.feed(headers(1, "/a", false)));
  REQUIRE(server.session.feed(frame(NGHTTP2_RST_STREAM, 0, 1, Bytes("\0\0\0\x08", 4))));
  CHECK(server.handler.heard.at(1).closed);
  REQUIRE(server.session.feed(headers(3, "/b", false) + data(3, "b")));
  CHECK(server.handler.heard.at(2).data == "b");
  CHECK(server.handler.heard.at(1).data.empty());
}

TEST_CASE("a refused stream is heard of no more, and its window is given back") {
  Limits limits;
  limits.connection_window_bytes = 65'535;
  Server server(limits);
  server.handler.refuse_from = 2;
  REQUIRE(server.session.feed(headers(1, "/a", false) + headers(3, "/b", false)));
  std::vector<int> types = types_of(server.output());
  // More than the window has: it must open again and again.
  for (int i = 0; i < 10; ++i) {
    REQUIRE(server.session.feed(data(3, Bytes(16'000, 'b'))));
    for (const int type : types_of(server.output())) types.push_back(type);
  }
  REQUIRE(server.session.feed(data(1, "a", true)));
  CHECK(server.handler.heard.size() == 1);
  CHECK(server.handler.heard.at(1).data == "a");
  CHECK(std::count(types.begin(), types.end(), NGHTTP2_RST_STREAM) == 1);
  CHECK(std::count(types.begin(), types.end(), NGHTTP2_WINDOW_UPDATE) >= 2);
  CHECK(std::count(types.begin(), types.end(), NGHTTP2_GOAWAY) == 0);
}

TEST_CASE("only frames that bring no work are counted as control frames") {
  Server server;
  server.session.take_control_frames();
  REQUIRE(server.session.feed(headers(1, "/a", false) + data(1, "work")));
  CHECK(server.session.take_control_frames() == 0);
  const Bytes ping = frame(NGHTTP2_PING, 0, 0, Bytes(8, 'p'));
  const Bytes settings = frame(NGHTTP2_SETTINGS, 0, 0, "");
  REQUIRE(server.session.feed(ping + settings + data(1, "") + ping));
  CHECK(server.session.take_control_frames() == 4);
  REQUIRE(server.session.feed(data(1, "", true)));  // empty, but it ends the stream
  CHECK(server.session.take_control_frames() == 0);
}

TEST_CASE("an answer before the client has ended is followed by a reset without an error") {
  Server server;
  REQUIRE(server.session.feed(headers(1, "/a", false)));
  const Http2Header status[] = {{":status", "200", true}, {"grpc-status", "12", true}};
  server.session.submit_headers_only(1, status);
  const std::vector<int> types = types_of(server.output());
  REQUIRE(types.size() >= 2);
  CHECK(types[types.size() - 2] == NGHTTP2_HEADERS);
  CHECK(types.back() == NGHTTP2_RST_STREAM);
  CHECK(server.handler.heard.at(1).closed);
}

TEST_CASE("trailers of a client end its stream and are not its headers") {
  Server server;
  REQUIRE(server.session.feed(headers(1, "/a", false) + data(1, "x")));
  // x-a: b, a literal that is not indexed.
  const Bytes trailers("\0\3x-a\1b", 8);
  REQUIRE(server.session.feed(frame(NGHTTP2_HEADERS, 5, 1, trailers.substr(0, 7))));
  CHECK(server.handler.heard.at(1).ended);
  CHECK(server.handler.heard.at(1).path == "/a");
  CHECK(server.handler.ids.size() == 1);
}

TEST_CASE("however large the client's windows, output is taken piece by piece and comes whole") {
  Server server;
  server.handler.body.resize(1'000'000);
  for (size_t i = 0; i < server.handler.body.size(); ++i) {
    server.handler.body[i] = static_cast<char>(i * 31);
  }
  const Bytes large_window("\0\4\x7f\xff\xff\xff", 6), more("\x70\0\0\0", 4);
  REQUIRE(server.session.feed(frame(NGHTTP2_SETTINGS, 0, 0, large_window) +
                              frame(NGHTTP2_WINDOW_UPDATE, 0, 0, more) + headers(1, "/a", true)));
  const Http2Header status[] = {{":status", "200", true}};
  server.session.submit_response(1, 1, status);
  constexpr size_t kPiece = 30'000, kFrame = 16'384 + 9;
  Bytes wire;
  for (int pieces = 0; server.session.wants_output() && pieces < 100; ++pieces) {
    Bytes out;
    REQUIRE(server.session.take_output(out, kPiece));
    CHECK(out.size() < kPiece + kFrame);
    wire += out;
  }
  Bytes body;
  for (size_t at = 0; at + 9 <= wire.size();) {
    const size_t length = load_u32_be(wire.data() + at) >> 8;
    if (wire[at + 3] == NGHTTP2_DATA) body.append(wire, at + 9, length);
    at += 9 + length;
  }
  CHECK(body == server.handler.body);
}
