import type { ChildShard, HashKeyRange, Shard } from "../../KinesisApi.js"
import type { Position } from "../../Position.js"
import * as Overlap from "./overlap.js"
import * as Precedence from "./precedence.js"
import { reachable } from "./reachable.js"

/**
 * `waiting` for its parents and for older shards with its hash keys, `reading`, `ended` with everything handed on (or nothing left to
 * read), or `stopped` before its end, so that its successors are not due.
 */
export type ShardStatus = "waiting" | "reading" | "ended" | "stopped"

/** Why a shard begins where it does: a stored position, the run's start, or its beginning, because it follows a shard that was read. */
export type Because = "stored" | "start" | "parent"

export interface Ready {
  readonly shardId: string
  readonly parents: ReadonlyArray<string>
  readonly hashKeyRange: HashKeyRange
  /** A listing showed its end, so reading it will end. */
  readonly closed: boolean
  readonly start: Position
  readonly because: Because
}

interface Node extends Ready, Precedence.Placed {
  readonly status: ShardStatus
  /** It has been in a listing. Until then it is known from its parent alone, and its other parent may still be unknown. */
  readonly listed: boolean
  /** How many consecutive listings did not contain it, since it was last listed or, while it waits, since it was named. */
  readonly missed: number
  /** It ended without a known child: a closed shard has children still to be found, those of a lost one may be lost, too. */
  readonly awaiting: "children" | "listing" | undefined
}

/**
 * The shards of a run, and how far each has come. It is mutable: a change costs as much as the shard and its relatives, not the whole
 * graph.
 */
export interface ShardGraph {
  readonly nodes: Map<string, Node>
  /** Children by parent, known or not. */
  readonly children: Map<string, Set<string>>
  /** Those that have not ended, by their hash keys. */
  readonly unread: Precedence.Atlas<Node>
  readonly waiting: Map<string, Node>
  /** Those that wait for no parent, and for no older shard as far as that has been checked. */
  readonly due: Map<string, Node>
  /** By the older shard that they wait for, because it shares hash keys with them. */
  readonly behind: Map<string, Set<string>>
  readonly reading: Map<string, Node>
  readonly awaiting: Map<string, Node>
}

const empty = (): ShardGraph => ({
  nodes: new Map(),
  children: new Map(),
  unread: Precedence.atlas(),
  waiting: new Map(),
  due: new Map(),
  behind: new Map(),
  reading: new Map(),
  awaiting: new Map()
})

const keep = (among: Map<string, Node>, node: Node, belongs: boolean): void => {
  if (belongs) among.set(node.shardId, node)
  else among.delete(node.shardId)
}

const include = (among: Map<string, Set<string>>, key: string, shardId: string): void => {
  const known = among.get(key)
  if (known === undefined) among.set(key, new Set([shardId]))
  else known.add(shardId)
}

/** Whether children of the shard are known. */
export const hasChildren = (graph: ShardGraph, shardId: string): boolean => graph.children.has(shardId)

const isDue = (graph: ShardGraph, node: Node): boolean =>
  node.status === "waiting" && node.parents.every((parent) => {
    const known = graph.nodes.get(parent)
    return known === undefined ? isConfirmed(node) : known.status === "ended"
  })

/** Checks again the shards that may have waited for this one. */
const reconsider = (graph: ShardGraph, shardId: string): void => {
  const followers = [...graph.children.get(shardId) ?? [], ...graph.behind.get(shardId) ?? []]
  graph.behind.delete(shardId)
  for (const follower of followers) {
    const node = graph.nodes.get(follower)
    if (node !== undefined) keep(graph.due, node, isDue(graph, node))
  }
}

const put = (graph: ShardGraph, node: Node): void => {
  const { awaiting, parents, shardId, status } = node
  graph.nodes.set(shardId, node)
  for (const parent of parents) include(graph.children, parent, shardId)
  Precedence.keep(graph.unread, node, status !== "ended")
  keep(graph.waiting, node, status === "waiting")
  keep(graph.due, node, isDue(graph, node))
  keep(graph.reading, node, status === "reading")
  keep(graph.awaiting, node, awaiting !== undefined)
  reconsider(graph, shardId)
}

const update = (graph: ShardGraph, shardId: string, change: Partial<Node>): void => {
  const found = graph.nodes.get(shardId)
  if (found !== undefined) put(graph, { ...found, ...change })
}

/** Of a shard that has ended. */
const forget = (graph: ShardGraph, { parents, shardId }: Node): void => {
  graph.nodes.delete(shardId)
  graph.awaiting.delete(shardId)
  for (const parent of parents) {
    const siblings = graph.children.get(parent)
    siblings?.delete(shardId)
    if (siblings?.size === 0) graph.children.delete(parent)
  }
  reconsider(graph, shardId)
}

const trimHorizon: Position = { _tag: "TrimHorizon" }

export const parentsOf = (shard: Shard): ReadonlyArray<string> =>
  [shard.parentShardId, shard.adjacentParentShardId].filter((parent) => parent !== undefined)

/** What both a listing and a parent's last page say about a shard. */
interface Found {
  readonly shardId: string
  readonly parents: ReadonlyArray<string>
  readonly hashKeyRange: HashKeyRange
  readonly closed: boolean
  readonly listed: boolean
  /** Undefined if only its parent has named it. */
  readonly startingSequenceNumber: string | undefined
}

const ofListing = (shard: Shard): Found => ({
  shardId: shard.shardId,
  parents: parentsOf(shard),
  hashKeyRange: shard.hashKeyRange,
  closed: shard.endingSequenceNumber !== undefined,
  listed: true,
  startingSequenceNumber: shard.startingSequenceNumber
})

const ofParent = ({ hashKeyRange, parentShards, shardId }: ChildShard): Found => ({
  shardId,
  parents: parentShards,
  hashKeyRange,
  closed: false,
  listed: false,
  startingSequenceNumber: undefined
})

const bornOf = (graph: ShardGraph, { parents, startingSequenceNumber }: Found): Precedence.Birth =>
  startingSequenceNumber === undefined || startingSequenceNumber === ""
    ? Precedence.afterAll(parents.flatMap((parent) => graph.nodes.get(parent)?.born ?? []))
    : { sequenceNumber: startingSequenceNumber, generation: 0 }

const nodeOf = (graph: ShardGraph, found: Found, start: Position, because: Because): Node => ({
  shardId: found.shardId,
  parents: found.parents,
  hashKeyRange: found.hashKeyRange,
  hashKeys: Overlap.interval(found.hashKeyRange),
  born: bornOf(graph, found),
  closed: found.closed,
  start,
  because,
  listed: found.listed,
  status: start._tag === "ShardEnd" ? "ended" : "waiting",
  missed: 0,
  awaiting: undefined
})

/** Stored positions of unfinished shards that are no longer listed. */
export const missing = (
  shards: ReadonlyArray<Shard>,
  stored: ReadonlyMap<string, Position>
): ReadonlyArray<readonly [shardId: string, position: Position]> => {
  const listed = new Set(shards.map((shard) => shard.shardId))
  return [...stored].filter(([shardId, position]) => position._tag !== "ShardEnd" && !listed.has(shardId))
}

/**
 * The predecessors and successors of each shard: its parents and children and, where the lineage has a hole, the shards that share its hash
 * keys.
 */
const relativesOf = (shards: ReadonlyArray<Shard>) => {
  const earlier = new Map(shards.map((shard) => [shard.shardId, [...parentsOf(shard)]]))
  const later = new Map<string, Set<string>>()
  for (const [shardId, parents] of earlier) for (const parent of parents) include(later, parent, shardId)
  const placed = shards.map((shard): Precedence.Placed => ({
    shardId: shard.shardId,
    hashKeys: Overlap.interval(shard.hashKeyRange),
    born: { sequenceNumber: shard.startingSequenceNumber, generation: 0 }
  }))
  const among = Precedence.atlas()
  for (const shard of placed) Precedence.keep(among, shard, true)
  for (const shard of placed) {
    for (const older of Precedence.allOlder(among, shard)) {
      earlier.get(shard.shardId)!.push(older)
      include(later, older, shard.shardId)
    }
  }
  return {
    earlier: (shardId: string): ReadonlyArray<string> => earlier.get(shardId) ?? [],
    later: (shardId: string): Iterable<string> => later.get(shardId) ?? []
  }
}

/**
 * Where each shard of the first listing begins. A stored position beats the start; of the shards without one, a predecessor of a stored
 * shard was read before and is over, a successor of either is read from its beginning, and any other starts where the run starts. If a
 * stored shard is missing, any shard that has lost a parent may descend from it.
 */
const starts = (shards: ReadonlyArray<Shard>, start: Position, stored: ReadonlyMap<string, Position>) => {
  if (stored.size === 0) return (): readonly [Position, Because] => [start, "start"]
  const { earlier, later } = relativesOf(shards)
  const before = reachable(stored.keys(), earlier)
  const listed = new Set(shards.map((shard) => shard.shardId))
  const orphans = missing(shards, stored).length === 0 ? [] : shards
    .filter((shard) => parentsOf(shard).some((parent) => !listed.has(parent)))
    .map((shard) => shard.shardId)
  const after = new Set([...orphans, ...reachable([...stored.keys(), ...before, ...orphans], later)])
  return (shardId: string): readonly [Position, Because] => {
    const position = stored.get(shardId)
    if (position !== undefined) return [position, "stored"]
    return before.has(shardId)
      ? [{ _tag: "ShardEnd" }, "stored"]
      : after.has(shardId)
      ? [trimHorizon, "parent"]
      : [start, "start"]
  }
}

/** The shards of the first listing. */
export const make = (
  shards: ReadonlyArray<Shard>,
  start: Position,
  stored: ReadonlyMap<string, Position>
): ShardGraph => {
  const graph = empty()
  const startOf = starts(shards, start, stored)
  for (const shard of shards) put(graph, nodeOf(graph, ofListing(shard), ...startOf(shard.shardId)))
  return graph
}

/** A shard with the information that a listing or a parent adds; the same object if they add nothing. */
const learned = (graph: ShardGraph, known: Node, found: Found): Node => {
  const closed = known.closed || found.closed
  return found.listed && !known.listed
    ? { ...known, closed, missed: 0, listed: true, born: bornOf(graph, found) }
    : closed !== known.closed || known.missed > 0
    ? { ...known, closed, missed: 0 }
    : known
}

/** Shards that were created during the run, so each is read from its beginning. */
const add = (graph: ShardGraph, found: ReadonlyArray<Found>): void => {
  for (const shard of found) {
    const known = graph.nodes.get(shard.shardId)
    const node = known === undefined ? nodeOf(graph, shard, trimHorizon, "parent") : learned(graph, known, shard)
    if (node !== known) put(graph, node)
    for (const parent of shard.parents) {
      if (graph.awaiting.get(parent)?.awaiting === "children") update(graph, parent, { awaiting: undefined })
    }
  }
}

/** A shard counts as gone after this many listings without it, since one listing may lag behind another. */
const goneAfterListings = 10

/** A younger shard with its hash keys is known, so the unlisted children of this ended shard have left retention. */
const isFollowed = (graph: ShardGraph, { born, hashKeys }: Node, shards: ReadonlyArray<Shard>): boolean =>
  hashKeys !== undefined && shards.some(({ shardId }) => {
    const other = graph.nodes.get(shardId)
    return other?.hashKeys !== undefined && Precedence.isOlder(born, other.born) &&
      Overlap.intersect(hashKeys, other.hashKeys)
  })

/**
 * A complete later listing. A shard that has ended and is no longer listed is forgotten after a while: a missing parent counts as done.
 */
export const listed = (graph: ShardGraph, shards: ReadonlyArray<Shard>): void => {
  add(graph, shards.map(ofListing))
  for (const node of graph.awaiting.values()) {
    if (node.awaiting === "listing" || isFollowed(graph, node, shards)) put(graph, { ...node, awaiting: undefined })
  }
  const present = new Set(shards.map((shard) => shard.shardId))
  for (const node of graph.nodes.values()) {
    if (present.has(node.shardId) || !(node.listed || node.status === "waiting")) continue
    if (node.status === "ended" && node.missed >= goneAfterListings) forget(graph, node)
    else put(graph, { ...node, missed: node.missed + 1 })
  }
}

/** Reading stopped before the shard's end. */
export const stopped = (graph: ShardGraph, shardId: string): void => update(graph, shardId, { status: "stopped" })

/**
 * A closed shard was handed on completely. Children that were listed together with it at the start begin with their first record if a
 * record of the parent has shown that it was still open when the run started.
 */
export const ended = (
  graph: ShardGraph,
  shardId: string,
  childShards: ReadonlyArray<ChildShard>,
  broughtRecords: boolean
): void => {
  update(graph, shardId, { status: "ended" })
  add(graph, childShards.map(ofParent))
  const children = graph.children.get(shardId) ?? new Set()
  for (const id of children) {
    if (broughtRecords && graph.waiting.get(id)?.start._tag === "AtTimestamp") {
      update(graph, id, { start: trimHorizon, because: "parent" })
    }
  }
  update(graph, shardId, { awaiting: children.size === 0 ? "children" : undefined })
}

/** The shard has left retention: nothing of it is left, and its children may be gone, too. */
export const lost = (graph: ShardGraph, shardId: string): void =>
  update(graph, shardId, { status: "ended", awaiting: "listing" })

/** Its parents are fully known: it has been in a listing, or it was missing from so many that none will show it. */
const isConfirmed = ({ listed, missed }: Node): boolean => listed || missed > goneAfterListings

/** Children that were named by one parent while the other parent is unknown: a listing is needed to know whether that one has ended. */
export const unconfirmed = (graph: ShardGraph): boolean => {
  for (const node of graph.waiting.values()) {
    if (!isConfirmed(node) && node.parents.some((parent) => !graph.nodes.has(parent))) return true
  }
  return false
}

/** Waits for the other by its lineage. */
const descends = (graph: ShardGraph, { shardId, status }: Node, from: Node): boolean =>
  status === "waiting" && reachable([shardId], (id) => graph.nodes.get(id)?.parents ?? []).has(from.shardId)

/**
 * The shards that may be read now: each parent that is still known has ended, and so has each older shard with some of the same hash keys,
 * whatever the known lineage between them.
 */
export const ready = (graph: ShardGraph): ReadonlyArray<Ready> => {
  for (const node of graph.due.values()) {
    const older = Precedence.findOlder(graph.unread, node, (older) => !descends(graph, older, node))
    if (older === undefined) continue
    include(graph.behind, older.shardId, node.shardId)
    graph.due.delete(node.shardId)
  }
  return [...graph.due.values()]
}

/** Takes the shards that may be read now; they count as being read from here on. */
export const release = (graph: ShardGraph): ReadonlyArray<Ready> => {
  const due = ready(graph)
  for (const { shardId } of due) update(graph, shardId, { status: "reading" })
  return due
}

export const unknown = (graph: ShardGraph, shardIds: ReadonlyArray<string>): ReadonlyArray<string> =>
  shardIds.filter((shardId) => !graph.nodes.has(shardId))

/** Nothing is being read, nothing can be read, and nothing is still to be found. */
export const isFinished = (graph: ShardGraph): boolean =>
  graph.reading.size === 0 && graph.awaiting.size === 0 && !unconfirmed(graph) && ready(graph).length === 0
