/** Something to be placed at one of several members, numbered from 0. */
export type SourcePoint = {
  /** Things of one kind (a topic's partitions) are spread evenly by themselves too. */
  readonly kind: number;
  /** What it means to be at each member; `null` where it may not be. */
  readonly places: readonly (Placement | null)[];
  at: number;
};

/** 1 if it is a move, else 0; and how bad the place is besides, a whole number from 0 to WORST. */
export type Placement = { readonly move: number; readonly rank: number };

/** Small, so that sums weighted for 10,000 things are whole numbers still: rounded ones might never settle. */
export const WORST = 512;

/** One unit more or less at a node. `first` decides before `second`: no saving of that pays for any of this. */
type Edge = {
  readonly from: number;
  readonly to: number;
  readonly first: number;
  readonly second: number;
  readonly thing?: SourcePoint;
  readonly member?: number;
};

/**
 * Places things anew until nothing is better: the members' counts are the most even, then the moves the fewest, then
 * the counts of each kind the most even, then the ranks the lowest. Exact: a placement is a flow of the things
 * through (kind, member) to member, evenness is a cost that grows with each unit, and a flow is the cheapest when it
 * has no cycle of negative cost. A greedy choice, and an exchange between two, stop short of what goes round over three.
 */
export function settle(things: readonly SourcePoint[], kinds: number, members: number): void {
  for (;;) {
    const better = betterCycle(edgesOf(things, kinds, members), kinds * members + members + 1);
    if (better.length === 0) return;
    for (const { thing, member } of better) if (thing && member !== undefined) thing.at = member;
  }
}

/** The nodes: kind by kind the members, then the members, then one for all. */
function edgesOf(things: readonly SourcePoint[], kinds: number, members: number): Edge[] {
  const all = kinds * members + members;
  const counts = new Array<number>(all).fill(0);
  const exchanges = new Map<number, Edge>();
  for (const thing of things) {
    const from = thing.kind * members + thing.at;
    for (const node of [from, kinds * members + thing.at]) counts[node] = (counts[node] ?? 0) + 1;
    const now = thing.places[thing.at];
    for (const [member, placement] of thing.places.entries()) {
      if (member === thing.at || !placement || !now) continue;
      const to = thing.kind * members + member;
      const [first, second] = [placement.move - now.move, placement.rank - now.rank];
      const known = exchanges.get(from * all + to);
      if (known && (known.first - first || known.second - second) <= 0) continue;
      exchanges.set(from * all + to, { from, to, first, second, thing, member });
    }
  }
  const list = [...exchanges.values()];
  // Greater than all moves together, and than all ranks.
  const [ofMembers, ofKinds] = [things.length + 1, things.length * WORST + 1];
  for (const [node, count] of counts.entries()) {
    const isMember = node >= kinds * members;
    const to = isMember ? all : kinds * members + (node % members);
    const cost = (units: number) =>
      isMember ? { first: ofMembers * units, second: 0 } : { first: 0, second: ofKinds * units };
    list.push({ from: node, to, ...cost(count) });
    if (count > 0) list.push({ from: to, to: node, ...cost(1 - count) });
  }
  return list;
}

/** Bellman's and Ford's search, from everywhere at once: a cycle that costs less than nothing, if there is one. */
function betterCycle(list: readonly Edge[], nodes: number): Edge[] {
  const first = new Array<number>(nodes).fill(0);
  const second = new Array<number>(nodes).fill(0);
  const cameBy = new Array<Edge | undefined>(nodes).fill(undefined);
  for (let changed = true; changed; ) {
    changed = false;
    for (const edge of list) {
      const atFirst = (first[edge.from] as number) + edge.first;
      const atSecond = (second[edge.from] as number) + edge.second;
      const less = atFirst - (first[edge.to] as number) || atSecond - (second[edge.to] as number);
      if (less >= 0) continue;
      first[edge.to] = atFirst;
      second[edge.to] = atSecond;
      cameBy[edge.to] = edge;
      changed = true;
    }
    const cycle = changed ? cycleIn(cameBy) : [];
    if (cycle.length > 0) return cycle;
  }
  return [];
}

/** The first cycle among the edges that each node was reached by. Only a negative one can be there. */
function cycleIn(cameBy: readonly (Edge | undefined)[]): Edge[] {
  const seenBy = new Array<number>(cameBy.length).fill(-1);
  for (const start of cameBy.keys()) {
    let node = start;
    for (let edge = cameBy[node]; edge && seenBy[node] === -1; edge = cameBy[node]) {
      seenBy[node] = start;
      node = edge.from;
    }
    if (seenBy[node] !== start || !cameBy[node]) continue;
    const cycle: Edge[] = [];
    for (let edge = cameBy[node]; edge; edge = cameBy[edge.from]) {
      cycle.push(edge);
      if (edge.from === node) return cycle;
    }
  }
  return [];
}
