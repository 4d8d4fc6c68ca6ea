#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "route/route_cell.h"

using namespace tiltyard;

namespace {

std::unique_ptr<const RouteTable> table_with(const std::string& reply) {
  RouteTable::Replies replies;
  replies[RouteTable::reply_key("M", "", "")] = reply;
  return std::make_unique<const RouteTable>(
      std::vector<ModelRoute>(), std::make_shared<const RouteTable::Replies>(std::move(replies)),
      true);
}

}  // namespace

TEST_CASE("a table is freed when every reader has passed, sleepers counting as passed") {
  RouteCell cell(2);
  CHECK_FALSE(cell.read(0).ready());
  CHECK(cell.publish(table_with("a")) == 1);
  CHECK(cell.take_passed().empty());  // reader 0 still holds the first
  CHECK(cell.retired() == 1);
  CHECK(*cell.read(0).find_reply("M", "", "") == "a");
  CHECK(cell.take_passed().size() == 1);  // reader 1 has never woken
  cell.read(1);
  cell.publish(table_with("b"));
  cell.sleep(0);
  CHECK(cell.take_passed().empty());
  cell.sleep(1);
  CHECK(cell.take_passed().size() == 1);
  CHECK(cell.retired() == 0);
}

TEST_CASE("readers never see a freed table while tables change under them") {
  constexpr int kTables = 3'000;
  RouteCell cell(3);
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (uint32_t reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&, reader] {
      int cycles = 0;
      while (!done.load()) {
        const RouteTable& table = cell.read(reader);
        const Bytes* reply = table.find_reply("M", "", "");
        if (reply != nullptr) CHECK(reply->size() == 40);
        if (++cycles % (7 + reader) == 0) cell.sleep(reader);
      }
      cell.sleep(reader);
    });
  }
  size_t freed = 0;
  for (int i = 0; i < kTables; ++i) {
    cell.publish(table_with(std::string(40, static_cast<char>('a' + i % 26))));
    freed += cell.take_passed().size();
  }
  done.store(true);
  for (std::thread& reader : readers) reader.join();
  freed += cell.take_passed().size();
  CHECK(freed == kTables);
}
