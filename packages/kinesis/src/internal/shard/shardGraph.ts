import type { ChildShard, HashKeyRange, Shard } from "../../KinesisApi.js"
import type { Position } from "../../Position.js"
import { reach } from "./reach.js"

/**
 * `waiting` for its parents, `reading`, `ended` with everything of it handed on (or nothing left of it), or `stopped` before its end, so
 * that its children are not due.
 */
export type ShardStatus = "waiting" | "reading" | "ended" | "stopped"

interface Node {
  readonly shardId: string
  readonly parents: ReadonlyArray<string>
  readonly hashKeyRange: HashKeyRange
  /** A listing showed its end, so reading it comes to one. */
  readonly closed: boolean
  readonly status: ShardStatus
  readonly start: Position
  readonly because: Because
  /** It stood in a listing once. Until then it is known from its parent alone, and its other parent may still be unknown. */
  readonly listed: boolean
  /** How many listings in a row have been without it since. */
  readonly missed: number
  /** It ended without a known child: a closed shard has children to be found, those of a lost one may be lost too. */
  readonly awaiting: "children" | "listing" | undefined
}

export type ShardGraph = ReadonlyMap<string, Node>

/** Why a shard begins where it does: a stored position, the run's start, or at its beginning since it follows a shard that was read. */
export type Because = "stored" | "start" | "parent"

export interface Ready {
  readonly shardId: string
  readonly parents: ReadonlyArray<string>
  readonly hashKeyRange: HashKeyRange
  readonly closed: boolean
  readonly start: Position
  readonly because: Because
}

const trimHorizon: Position = { _tag: "TrimHorizon" }

export const parentsOf = (shard: Shard): ReadonlyArray<string> =>
  [shard.parentShardId, shard.adjacentParentShardId].filter((parent) => parent !== undefined)

/** What a listing and a parent's last page both tell of a shard. */
interface Found {
  readonly shardId: string
  readonly parents: ReadonlyArray<string>
  readonly hashKeyRange: HashKeyRange
  readonly closed: boolean
}

const ofListing = (shard: Shard): Found => ({
  shardId: shard.shardId,
  parents: parentsOf(shard),
  hashKeyRange: shard.hashKeyRange,
  closed: shard.endingSequenceNumber !== undefined
})

const ofParent = ({ hashKeyRange, parentShards, shardId }: ChildShard): Found => ({
  shardId,
  parents: parentShards,
  hashKeyRange,
  closed: false
})

const node = (
  { closed, hashKeyRange, parents, shardId }: Found,
  start: Position,
  because: Because,
  listed: boolean
): Node => ({
  shardId,
  parents,
  hashKeyRange,
  closed,
  start,
  because,
  listed,
  status: start._tag === "ShardEnd" ? "ended" : "waiting",
  missed: 0,
  awaiting: undefined
})

const update = (graph: ShardGraph, shardId: string, change: Partial<Node>): ShardGraph => {
  const found = graph.get(shardId)
  return found === undefined ? graph : new Map(graph).set(shardId, { ...found, ...change })
}

/** Stored positions with something left to read, of shards that are no longer listed. */
export const missing = (
  shards: ReadonlyArray<Shard>,
  stored: ReadonlyMap<string, Position>
): ReadonlyArray<readonly [shardId: string, position: Position]> => {
  const listed = new Set(shards.map((shard) => shard.shardId))
  return [...stored].filter(([shardId, position]) => position._tag !== "ShardEnd" && !listed.has(shardId))
}

/**
 * The shards of the first listing. A stored position beats the start; of the shards without one, an ancestor of a stored shard was
 * read before and is over, a descendant of either is read from its beginning, and any other starts where the run starts. When a stored
 * shard is missing, whatever has lost a parent may descend from it.
 */
export const make = (
  shards: ReadonlyArray<Shard>,
  start: Position,
  stored: ReadonlyMap<string, Position>
): ShardGraph => {
  const parents = new Map(shards.map((shard) => [shard.shardId, parentsOf(shard)]))
  const children = new Map<string, Array<string>>()
  for (const [shardId, ofShard] of parents) {
    for (const parent of ofShard) {
      const known = children.get(parent)
      if (known === undefined) children.set(parent, [shardId])
      else known.push(shardId)
    }
  }
  const before = reach(stored.keys(), (shardId) => parents.get(shardId) ?? [])
  const orphans = missing(shards, stored).length === 0 ? [] : shards
    .filter((shard) => parentsOf(shard).length > 0 && !parentsOf(shard).every((parent) => parents.has(parent)))
    .map((shard) => shard.shardId)
  const read = [...stored.keys(), ...before, ...orphans]
  const after = new Set([...orphans, ...reach(read, (shardId) => children.get(shardId) ?? [])])
  const startOf = (shardId: string): readonly [Position, Because] => {
    const position = stored.get(shardId)
    if (position !== undefined) return [position, "stored"]
    return before.has(shardId)
      ? [{ _tag: "ShardEnd" }, "stored"]
      : after.has(shardId)
      ? [trimHorizon, "parent"]
      : [start, "start"]
  }
  return new Map(
    shards.map((shard) => [shard.shardId, node(ofListing(shard), ...startOf(shard.shardId), true)])
  )
}

/** Shards that were created while reading, so each is read from its beginning. */
const add = (graph: ShardGraph, found: ReadonlyArray<Found>, listed: boolean) => {
  const next = new Map(graph)
  for (const shard of found) {
    const { parents, shardId } = shard
    const known = next.get(shardId)
    next.set(
      shardId,
      known === undefined ? node(shard, trimHorizon, "parent", listed) : {
        ...known,
        listed: known.listed || listed,
        missed: 0
      }
    )
    for (const parent of parents) {
      const parentNode = next.get(parent)
      if (parentNode?.awaiting === "children") next.set(parent, { ...parentNode, awaiting: undefined })
    }
  }
  return next
}

/** A shard that ended is remembered for so many listings without it, since one listing may lag behind another. */
const rememberedListings = 10

/**
 * A complete later listing. A shard that has ended and is no longer listed is forgotten after a while: a missing parent counts as done.
 */
export const listed = (graph: ShardGraph, shards: ReadonlyArray<Shard>): ShardGraph => {
  const next = add(graph, shards.map(ofListing), true)
  const present = new Set(shards.map((shard) => shard.shardId))
  for (const [shardId, known] of next) {
    const awaiting = known.awaiting === "listing" ? undefined : known.awaiting
    const missed = known.listed && !present.has(shardId) ? known.missed + 1 : known.missed
    if (known.status === "ended" && missed > rememberedListings) next.delete(shardId)
    else if (awaiting !== known.awaiting || missed !== known.missed) next.set(shardId, { ...known, awaiting, missed })
  }
  return next
}

/** Reading stopped before the shard's end. */
export const stopped = (graph: ShardGraph, shardId: string): ShardGraph => update(graph, shardId, { status: "stopped" })

/**
 * Everything of a closed shard was handed on. Its children that were listed beside it at the start begin with their first record once
 * the parent has shown, by a record, that it was still open when the run started.
 */
export const ended = (
  graph: ShardGraph,
  shardId: string,
  childShards: ReadonlyArray<ChildShard>,
  broughtRecords: boolean
): ShardGraph => {
  const next = new Map(add(update(graph, shardId, { status: "ended" }), childShards.map(ofParent), false))
  let childless = true
  for (const [id, child] of next) {
    if (!child.parents.includes(shardId)) continue
    childless = false
    if (broughtRecords && child.status === "waiting" && child.start._tag === "AtTimestamp") {
      next.set(id, { ...child, start: trimHorizon, because: "parent" })
    }
  }
  return update(next, shardId, { awaiting: childless ? "children" : undefined })
}

/** The shard has left retention: nothing is left of it, and its children may have left with it. */
export const lost = (graph: ShardGraph, shardId: string): ShardGraph =>
  update(graph, shardId, { status: "ended", awaiting: "listing" })

/** Children that their parent named, and of which another parent is not known: it takes a listing to know whether that one is over. */
export const unconfirmed = (graph: ShardGraph): boolean =>
  [...graph.values()].some((node) => !node.listed && node.parents.some((parent) => !graph.has(parent)))

const isReady = (graph: ShardGraph, { listed, parents, status }: Node): boolean =>
  status === "waiting" &&
  parents.every((parent) => (graph.get(parent)?.status ?? (listed ? "ended" : "waiting")) === "ended")

/** The shards that may be read now, since each parent that is still known has ended; they count as being read from here on. */
export const release = (graph: ShardGraph): readonly [ready: ReadonlyArray<Ready>, graph: ShardGraph] => {
  const ready = [...graph.values()].filter((node) => isReady(graph, node))
  if (ready.length === 0) return [ready, graph]
  const next = new Map(graph)
  for (const node of ready) next.set(node.shardId, { ...node, status: "reading" })
  return [ready, next]
}

export const unknown = (graph: ShardGraph, shardIds: ReadonlyArray<string>): ReadonlyArray<string> =>
  shardIds.filter((shardId) => !graph.has(shardId))

/** Nothing is being read, nothing can be, and nothing is still to be found. */
export const isFinished = (graph: ShardGraph): boolean =>
  !unconfirmed(graph) &&
  ![...graph.values()].some((node) => node.status === "reading" || node.awaiting !== undefined || isReady(graph, node))
