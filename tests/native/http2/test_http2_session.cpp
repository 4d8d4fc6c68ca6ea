// The session against nghttp2's own client, byte for byte in memory: no sockets.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "http2/http2_session.h"

using namespace tiltyard;

namespace {

// Records what happens, and answers with a body and trailers when asked.
struct Recorder final : Http2Handler {
  std::vector<std::string> events;
  Bytes body = "reply body";
  size_t taken = 0;
  bool refuse = false;
  bool body_ends = true;

  uint32_t on_stream_opened(Http2Session&, int32_t id) override {
    events.push_back("open " + std::to_string(id));
    return refuse ? kRefused : 7;
  }
  void on_header(Http2Session&, uint32_t tag, BytesView name, BytesView value) override {
    CHECK(tag == 7);
    events.push_back(std::string(name) + "=" + std::string(value));
  }
  void on_headers_end(Http2Session&, uint32_t, bool end) override {
    events.push_back(end ? "headers end stream" : "headers end");
  }
  void on_data(Http2Session& session, uint32_t, BytesView data) override {
    events.push_back("data " + std::string(data));
    session.consume(1, data.size());
  }
  void on_end_of_stream(Http2Session&, uint32_t) override { events.push_back("end"); }
  void on_stream_closed(Http2Session&, uint32_t tag, uint32_t code) override {
    events.push_back("closed " + std::to_string(tag) + " " + std::to_string(code));
  }
  BodyState body_state(uint32_t) override { return {body.size() - taken, body_ends}; }
  BytesView take_body(uint32_t, size_t bytes) override {
    taken += bytes;
    return BytesView(body).substr(taken - bytes, bytes);
  }
  void on_body_end(Http2Session& session, uint32_t) override {
    const Http2Header trailer{"grpc-status", "0", true};
    session.submit_trailers(1, {&trailer, 1});
  }
};

// nghttp2's client, with what it has received.
struct Client {
  nghttp2_session* session = nullptr;
  std::map<std::string, std::string> headers;
  std::string body;
  bool closed = false;
  uint32_t close_code = 0;
  std::string request_body;

  Client() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame*, const uint8_t* name, size_t n,
                      const uint8_t* value, size_t v, uint8_t, void* self) {
          static_cast<Client*>(self)->headers[std::string(name, name + n)] =
              std::string(value, value + v);
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks,
        [](nghttp2_session*, uint8_t, int32_t, const uint8_t* data, size_t n, void* self) {
          static_cast<Client*>(self)->body.append(data, data + n);
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        callbacks, [](nghttp2_session*, int32_t, uint32_t code, void* self) {
          static_cast<Client*>(self)->closed = true;
          static_cast<Client*>(self)->close_code = code;
          return 0;
        });
    nghttp2_session_client_new(&session, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, nullptr, 0);
  }
  ~Client() { nghttp2_session_del(session); }

  void request(const std::string& content) {
    request_body = content;
    const auto nv = [](const char* name, const char* value) {
      return nghttp2_nv{(uint8_t*)name, (uint8_t*)value, strlen(name), strlen(value), 0};
    };
    const nghttp2_nv fields[] = {nv(":method", "POST"), nv(":path", "/x"), nv(":scheme", "http"),
                                 nv(":authority", "here")};
    nghttp2_data_provider provider{};
    provider.source.ptr = &request_body;
    provider.read_callback = [](nghttp2_session*, int32_t, uint8_t* to, size_t max, uint32_t* flags,
                                nghttp2_data_source* source, void*) -> ssize_t {
      const auto& from = *static_cast<std::string*>(source->ptr);
      REQUIRE(from.size() <= max);
      std::copy(from.begin(), from.end(), to);
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      return static_cast<ssize_t>(from.size());
    };
    nghttp2_submit_request(session, nullptr, fields, 4, content.empty() ? nullptr : &provider,
                           nullptr);
  }
  std::string output() {
    std::string out;
    const uint8_t* data = nullptr;
    for (ssize_t n; (n = nghttp2_session_mem_send(session, &data)) > 0;) out.append(data, data + n);
    return out;
  }
  void input(const std::string& bytes) {
    nghttp2_session_mem_recv(session, (const uint8_t*)bytes.data(), bytes.size());
  }
};

bool has(const std::vector<std::string>& events, const std::string& event) {
  return std::find(events.begin(), events.end(), event) != events.end();
}

// Lets both sides talk until neither has anything to say.
void exchange(Client& client, Http2Session& server, size_t piece = 1 << 20) {
  for (bool talking = true; talking;) {
    const std::string to_server = client.output();
    for (size_t at = 0; at < to_server.size(); at += piece) {
      REQUIRE(server.feed(BytesView(to_server).substr(at, piece)));
    }
    Bytes to_client;
    REQUIRE(server.take_output(to_client, 1 << 20));
    client.input(to_client);
    talking = !to_server.empty() || !to_client.empty();
  }
}

const Http2Header kOk[] = {{":status", "200", true}};

}  // namespace

TEST_CASE("a request comes in as events and its reply goes out with trailers") {
  for (size_t piece : {size_t{1}, size_t{10}, size_t{1} << 20}) {
    Recorder recorder;
    Http2Session server{Limits(), nullptr};
    server.set_handler(&recorder);
    Client client;
    client.request("question");
    exchange(client, server, piece);
    CHECK(has(recorder.events, ":path=/x"));
    CHECK(has(recorder.events, "headers end"));
    CHECK(has(recorder.events, "end"));
    server.submit_response(1, 7, kOk);
    exchange(client, server);
    CHECK(client.headers[":status"] == "200");
    CHECK(client.headers["grpc-status"] == "0");
    CHECK(client.body == "reply body");
    CHECK(client.closed);
    CHECK(recorder.events.back() == "closed 7 0");
  }
}

TEST_CASE("a large body keeps to the client's window and goes on when it opens") {
  Recorder recorder;
  recorder.body = Bytes(300'000, 'b');
  Http2Session server{Limits(), nullptr};
  server.set_handler(&recorder);
  Client client;
  client.request("question");
  exchange(client, server);
  server.submit_response(1, 7, kOk);
  Bytes first;
  REQUIRE(server.take_output(first, 1 << 20));
  CHECK(first.size() > 65'000);
  CHECK(first.size() < 66'500);
  client.input(first);
  exchange(client, server);
  CHECK(client.body == recorder.body);
  CHECK(client.closed);
}

TEST_CASE("a body that is not ready waits until it is resumed") {
  Recorder recorder;
  recorder.body.clear();
  recorder.body_ends = false;
  Http2Session server{Limits(), nullptr};
  server.set_handler(&recorder);
  Client client;
  client.request("question");
  exchange(client, server);
  server.submit_response(1, 7, kOk);
  exchange(client, server);
  CHECK(client.headers[":status"] == "200");
  CHECK_FALSE(client.closed);
  recorder.body = "late";
  recorder.body_ends = true;
  server.resume_body(1);
  exchange(client, server);
  CHECK(client.body == "late");
  CHECK(client.closed);
}

TEST_CASE("a refused stream is reset as such, and a reset stream is told of") {
  Recorder recorder;
  Http2Session server{Limits(), nullptr};
  server.set_handler(&recorder);
  Client client;
  recorder.refuse = true;
  client.request("question");
  exchange(client, server);
  CHECK(client.close_code == NGHTTP2_REFUSED_STREAM);
  recorder.refuse = false;
  client.request("again");
  exchange(client, server);
  nghttp2_submit_rst_stream(client.session, 0, 3, NGHTTP2_CANCEL);
  exchange(client, server);
  CHECK(recorder.events.back() == "closed 7 8");
}

TEST_CASE("nonsense instead of the preface ends the session") {
  Recorder recorder;
  Http2Session server{Limits(), nullptr};
  server.set_handler(&recorder);
  CHECK_FALSE(server.feed("GET / HTTP/1.1\r\n\r\n"));
}

TEST_CASE("a final GOAWAY leaves nothing to want once the streams are done") {
  Recorder recorder;
  Http2Session server{Limits(), nullptr};
  server.set_handler(&recorder);
  Client client;
  client.request("question");
  exchange(client, server);
  server.submit_shutdown_notice();
  exchange(client, server);
  CHECK(server.wants_input());
  server.submit_goaway(NGHTTP2_NO_ERROR);
  exchange(client, server);
  CHECK(server.wants_input());  // a stream is open
  server.submit_response(1, 7, kOk);
  exchange(client, server);
  CHECK(client.body == "reply body");
  CHECK_FALSE(server.wants_input());
  CHECK_FALSE(server.wants_output());
}

TEST_CASE("frames that ask for work are counted; pings are answered and acknowledged") {
  Recorder recorder;
  Http2Session server{Limits(), nullptr};
  server.set_handler(&recorder);
  Client client;
  exchange(client, server);
  CHECK(server.preface_done());
  CHECK(server.take_control_frames() == 1);  // the client's SETTINGS
  for (int i = 0; i < 5; ++i) nghttp2_submit_ping(client.session, 0, nullptr);
  exchange(client, server);
  CHECK(server.take_control_frames() == 5);
  CHECK(server.take_control_frames() == 0);
  server.submit_ping();
  exchange(client, server);
  CHECK(server.ping_acknowledged());
  CHECK_FALSE(server.ping_acknowledged());
}

TEST_CASE("streams that end in a reset are counted, whoever resets; a refusal is not") {
  Recorder recorder;
  Http2Session server{Limits(), nullptr};
  server.set_handler(&recorder);
  Client client;
  client.request("question");
  exchange(client, server);
  nghttp2_submit_rst_stream(client.session, 0, 1, NGHTTP2_CANCEL);
  exchange(client, server);
  CHECK(server.take_resets() == 1);
  client.request("question");
  exchange(client, server);
  server.submit_reset(3, NGHTTP2_ENHANCE_YOUR_CALM);
  exchange(client, server);
  CHECK(server.take_resets() == 1);
  recorder.refuse = true;
  client.request("question");
  exchange(client, server);
  CHECK(server.take_resets() == 0);
}

TEST_CASE("a frame of ours is bounded, whatever the client offers to take") {
  Recorder recorder;
  recorder.body.assign(300'000, 'x');
  Limits limits;
  limits.output_bytes_max = 20'000;
  Http2Session server{limits, nullptr};
  server.set_handler(&recorder);
  Client client;
  const nghttp2_settings_entry offers[] = {{NGHTTP2_SETTINGS_MAX_FRAME_SIZE, (1u << 24) - 1},
                                           {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1u << 30}};
  nghttp2_submit_settings(client.session, NGHTTP2_FLAG_NONE, offers, 2);
  client.request("question");
  exchange(client, server);
  server.submit_response(1, 7, kOk);
  Bytes out;
  REQUIRE(server.take_output(out, 1));  // the first frames only
  REQUIRE(server.take_output(out, out.size() + 1));
  CHECK(out.size() > 20'000);
  CHECK(out.size() < 2 * 20'000);
}

TEST_CASE("a client that takes a number it has passed over, or ended, is told so and cut off") {
  const std::string request = [] {
    Client once;
    once.request("");
    return once.output();
  }();
  const size_t headers = request.size() - request.substr(request.find("\x01\x05", 30)).size() - 3;
  const auto on_stream = [&](char id) {
    std::string frame = request.substr(headers);
    frame[8] = id;
    return frame;
  };
  Recorder recorder;
  Http2Session server{Limits(), nullptr};
  server.set_handler(&recorder);
  REQUIRE(server.feed(request.substr(0, headers)));
  REQUIRE(server.feed(on_stream(5)));
  REQUIRE(server.feed(on_stream(3)));
  Bytes out;
  REQUIRE(server.take_output(out, 1 << 20));
  CHECK(server.has_failed());
  CHECK_FALSE(server.wants_input());
}
