#include "agent/runtime/translate.h"

#include <iterator>

namespace ondol::agent {

std::vector<TouchedRoute> touched_routes(std::vector<routes::SeenChange> changes) {
  std::vector<TouchedRoute> touched;
  touched.reserve(changes.size());
  for (routes::SeenChange& change : changes) {
    touched.push_back({change.kind, std::move(change.route), change.port, std::move(change.author), change.seen});
  }
  return touched;
}

std::vector<LinkFacts> link_facts(std::vector<routes::Link> links) {
  std::vector<LinkFacts> facts;
  facts.reserve(links.size());
  for (routes::Link& link : links) facts.push_back({link.name, link.up, link.running, std::move(link.addresses)});
  return facts;
}

void append_report(RoutesApplied& applied, routes::ApplyReport report, std::size_t offset) {
  std::copy(report.done.begin(), report.done.end(), std::back_inserter(applied.done));
  for (routes::OpFailure& failure : report.failures) {
    applied.failures.push_back({failure.index + offset, std::move(failure.text), failure.waiting, failure.conflict});
  }
}

}  // namespace ondol::agent
