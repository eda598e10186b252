// Reads a DIMACS minimum-cost-flow instance, solves it with LEMON's network simplex, per connected
// component and whole, and prints: total cost, seconds per component, seconds whole.
#include <lemon/connectivity.h>
#include <lemon/dimacs.h>
#include <lemon/network_simplex.h>
#include <lemon/smart_graph.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <vector>

using Graph = lemon::SmartDigraph;
using Simplex = lemon::NetworkSimplex<Graph, std::int64_t, std::int64_t>;
using Clock = std::chrono::steady_clock;

static double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  std::ifstream file(argv[1]);
  Graph graph;
  Graph::ArcMap<std::int64_t> lower(graph), capacity(graph), cost(graph);
  Graph::NodeMap<std::int64_t> supply(graph);
  std::int64_t infinite = 0;
  lemon::readDimacsMin(file, graph, lower, capacity, cost, supply, infinite);

  auto start = Clock::now();
  Simplex whole(graph);
  whole.upperMap(capacity).costMap(cost).supplyMap(supply);
  if (whole.run() != Simplex::OPTIMAL) return 3;
  const std::int64_t total = whole.totalCost();
  const double seconds_whole = since(start);

  // The sink, the last node, belongs to every component: leave it out to tell them apart.
  start = Clock::now();
  Graph::Node sink = graph.nodeFromId(graph.maxNodeId());
  std::vector<int> parent(graph.maxNodeId() + 1);
  for (std::size_t node = 0; node < parent.size(); ++node) parent[node] = static_cast<int>(node);
  auto find = [&](int node) {
    while (parent[node] != node) node = parent[node] = parent[parent[node]];
    return node;
  };
  for (Graph::ArcIt arc(graph); arc != lemon::INVALID; ++arc) {
    if (graph.target(arc) == sink) continue;
    parent[find(graph.id(graph.source(arc)))] = find(graph.id(graph.target(arc)));
  }
  std::vector<std::vector<Graph::Node>> members(parent.size());
  std::vector<std::vector<Graph::Arc>> arcs(parent.size());
  for (Graph::NodeIt node(graph); node != lemon::INVALID; ++node)
    if (node != sink) members[find(graph.id(node))].push_back(node);
  for (Graph::ArcIt arc(graph); arc != lemon::INVALID; ++arc)
    arcs[find(graph.id(graph.source(arc)))].push_back(arc);
  std::int64_t sum = 0;
  Graph::NodeMap<Graph::Node> copy(graph);
  for (std::size_t root = 0; root < members.size(); ++root) {
    if (members[root].empty()) continue;
    Graph part;
    part.reserveNode(static_cast<int>(members[root].size()) + 1);
    part.reserveArc(static_cast<int>(arcs[root].size()));
    std::int64_t wanted = 0;
    for (Graph::Node node : members[root]) copy[node] = part.addNode();
    copy[sink] = part.addNode();
    Graph::ArcMap<std::int64_t> part_capacity(part), part_cost(part);
    Graph::NodeMap<std::int64_t> part_supply(part);
    for (Graph::Node node : members[root]) wanted += part_supply[copy[node]] = supply[node];
    part_supply[copy[sink]] = -wanted;
    for (Graph::Arc arc : arcs[root]) {
      Graph::Arc added = part.addArc(copy[graph.source(arc)], copy[graph.target(arc)]);
      part_capacity[added] = capacity[arc];
      part_cost[added] = cost[arc];
    }
    Simplex simplex(part);
    simplex.upperMap(part_capacity).costMap(part_cost).supplyMap(part_supply);
    if (simplex.run() != Simplex::OPTIMAL) return 3;
    sum += simplex.totalCost();
  }
  if (sum != total) return 4;
  std::cout << total << ' ' << since(start) << ' ' << seconds_whole << '\n';
}
