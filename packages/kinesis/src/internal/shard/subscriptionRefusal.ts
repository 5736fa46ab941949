/** What a call or a subscription of enhanced fan-out was refused for, where the service has one name for several things. */

/** An error of the service, by what it says. */
export interface Said {
  readonly _tag: string
  readonly description: string
}

/** What a `ResourceNotFound` is about; undefined where its words are not known. */
export type Missing = "consumer" | "shard" | "stream" | undefined

/**
 * What a `ResourceInUse` is about: another subscription of the consumer to the shard, which has begun less than 5 seconds ago or takes over;
 * a consumer or a stream that is not ACTIVE; undefined where its words are not known.
 */
export type InUse = "subscription" | "consumer" | "stream" | undefined

/** Words with which a message can begin before it names what it is about. */
const before = "^(?:(?:an?|the|could not find|cannot find|unable to find|no|requested|given|specified) )*"

const startsWith = (words: string): RegExp => new RegExp(`${before}(?:${words})\\b`, "i")

/** By the first thing that a message names: a shard's names its stream too, and a name can be any of these words. */
const first: ReadonlyArray<readonly [what: Exclude<Missing, undefined>, words: RegExp]> = [
  ["consumer", startsWith("streamconsumer|consumer(?: ?arn)?")],
  ["shard", startsWith("shard(?: ?id)?")],
  ["stream", startsWith("(?:data )?stream(?: ?(?:arn|name))?")],
  ["consumer", /^arn:\S+\/consumer\//],
  ["stream", /^arn:\S+:stream\/[^/\s]+(?:\s|$)/],
  ["shard", /^shardId-\d+\b/]
]

const subjectOf = (description: string): Missing => first.find(([, words]) => words.test(description.trim()))?.[0]

/** What is not there. Only if it is the shard does it say anything of the shard. */
export const missing = ({ _tag, description }: Said): Missing =>
  _tag === "ResourceNotFound" ? subjectOf(description) : undefined

const another = /\banother (?:active )?subscription\b|\bactive subscription exists\b/i

/** What is in use, or not yet. */
export const inUse = ({ _tag, description }: Said): InUse => {
  if (_tag !== "ResourceInUse") return undefined
  if (another.test(description)) return "subscription"
  const subject = subjectOf(description)
  return subject === "shard" ? undefined : subject
}
