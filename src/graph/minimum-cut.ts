/**
 * The cheapest set of edges that parts a source from a sink, by augmenting shortest paths (Edmonds and Karp 1972). Of equally cheap sets
 * it is the one nearest the source.
 */

interface Edge {
  readonly to: number;
  /** What may still flow; Infinity for an edge that no cut may take. */
  room: number;
  /** Of the edge that leads back, in the list of `to`. */
  readonly back: number;
}

export class FlowNetwork {
  readonly #edges: Edge[][] = [];

  /** A new place, by its number. */
  place(): number {
    return this.#edges.push([]) - 1;
  }

  connect(from: number, to: number, capacity: number): void {
    const [out, into] = [this.#edges[from]!, this.#edges[to]!];
    out.push({ to, room: capacity, back: into.length });
    into.push({ to: from, room: 0, back: out.length - 1 });
  }

  /** The places on the source's side of the cut. Throws a `RangeError` where only edges without limit lead from one to the other. */
  sourceSide(source: number, sink: number): ReadonlySet<number> {
    for (;;) {
      const arrived = this.#reachable(source, sink);
      if (!arrived.has(sink)) return new Set(arrived.keys());
      const path = this.#pathTo(sink, arrived);
      const flow = Math.min(...path.map(({ room }) => room));
      if (flow === Infinity) throw new RangeError('nothing can be cut');
      for (const edge of path) {
        edge.room -= flow;
        this.#edges[edge.to]![edge.back]!.room += flow;
      }
    }
  }

  /** The places that flow can still reach, each with the edge by which it arrives; those nearest first, up to the sink. */
  #reachable(source: number, sink: number): Map<number, Edge | undefined> {
    const arrived = new Map<number, Edge | undefined>([[source, undefined]]);
    for (const place of arrived.keys()) {
      if (place === sink) break;
      for (const edge of this.#edges[place]!) if (edge.room > 0 && !arrived.has(edge.to)) arrived.set(edge.to, edge);
    }
    return arrived;
  }

  #pathTo(sink: number, arrived: ReadonlyMap<number, Edge | undefined>): Edge[] {
    const path: Edge[] = [];
    for (let edge = arrived.get(sink); edge !== undefined;) {
      path.push(edge);
      edge = arrived.get(this.#edges[edge.to]![edge.back]!.to);
    }
    return path;
  }
}
