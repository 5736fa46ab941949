import { refuseRecordSize } from "../administration.js"
import * as Lifecycle from "../lifecycle.js"
import { arnOf, findActive } from "../lookup.js"
import type { Account, Stream } from "../model.js"
import type { Refusal } from "../refusal.js"
import { invalid, isRefusal, notInRange } from "../refusal.js"

/** When something is changed, and how long the stream is UPDATING for it, in milliseconds. */
export interface Moment {
  readonly now: number
  readonly transition: number
}

/** Changes an ACTIVE stream unless it is refused. */
const change = (
  account: Account,
  name: string,
  { now, transition }: Moment,
  apply: (stream: Stream) => Refusal | undefined
): Stream | Refusal => {
  const stream = findActive(account, name, now)
  if (isRefusal(stream)) return stream
  const refusal = apply(stream)
  if (refusal !== undefined) return refusal
  Lifecycle.begin(account, stream, { _tag: "Setting" }, now, transition)
  return stream
}

const done = (changed: Stream | Refusal): Refusal | undefined => isRefusal(changed) ? changed : undefined

const mode = (given: string): Stream["mode"] | Refusal =>
  given === "PROVISIONED" || given === "ON_DEMAND"
    ? given
    : notInRange("streamModeDetails.streamMode", "PROVISIONED or ON_DEMAND", given)

export const updateStreamMode = (account: Account, name: string, given: string, moment: Moment): Refusal | undefined =>
  done(change(account, name, moment, (stream) => {
    const found = mode(given)
    if (isRefusal(found)) return found
    stream.mode = found
    return undefined
  }))

export const updateMaxRecordSize = (
  account: Account,
  name: string,
  kibibytes: number,
  moment: Moment
): Refusal | undefined =>
  done(change(account, name, moment, (stream) => {
    const refusal = refuseRecordSize(kibibytes)
    if (refusal === undefined) stream.maxRecordSizeInKiB = kibibytes
    return refusal
  }))

export const refuseStrategy = (given: string): Refusal | undefined =>
  given === "AUTO" || given === "USER_PARTITION_KEY"
    ? undefined
    : notInRange("recordDistributionStrategy", "AUTO or USER_PARTITION_KEY", given)

export const updateDistribution = (
  account: Account,
  name: string,
  strategy: string,
  moment: Moment
): Refusal | undefined =>
  done(change(account, name, moment, (stream) => {
    const refusal = refuseStrategy(strategy)
    if (refusal === undefined) stream.distribution = strategy as Stream["distribution"]
    return refusal
  }))

/** The throughput that a stream is ready for. */
export interface WarmThroughput {
  readonly targetMiBps: number
  readonly currentMiBps: number
}

const mostMiBps = 10_240

export const refuseWarmThroughput = (mebibytes: number): Refusal | undefined =>
  Number.isSafeInteger(mebibytes) && mebibytes >= 0 && mebibytes <= mostMiBps
    ? undefined
    : notInRange("warmThroughputMiBps", "0 to 10,240", mebibytes)

export const updateWarmThroughput = (account: Account, name: string, mebibytes: number, moment: Moment) => {
  const stream = change(account, name, moment, (stream) => {
    if (stream.mode !== "ON_DEMAND") {
      return invalid("stream", `Stream ${stream.name} is PROVISIONED: warm throughput is for ON_DEMAND streams.`)
    }
    const refusal = refuseWarmThroughput(mebibytes)
    if (refusal === undefined) stream.details = { ...stream.details, warmThroughputMiBps: mebibytes }
    return refusal
  })
  return isRefusal(stream) ? stream : {
    streamArn: arnOf(account, stream.name),
    streamName: stream.name,
    warmThroughput: { targetMiBps: mebibytes, currentMiBps: mebibytes }
  }
}

const refuseEncryption = (type: string, keyId: string): Refusal | undefined =>
  type !== "KMS"
    ? notInRange("encryptionType", "KMS", type)
    : keyId.length < 1 || keyId.length > 2048
    ? notInRange("keyId", "1 to 2,048 characters", `${keyId.length} characters`)
    : undefined

/** How the records of a stream are encrypted. No record is: the stream says so, and its records do. */
export interface Encryption {
  readonly encryptionType: string
  readonly keyId: string
}

const encrypt = (
  account: Account,
  name: string,
  { encryptionType, keyId }: Encryption,
  moment: Moment,
  kept: string | undefined
): Refusal | undefined =>
  done(change(account, name, moment, (stream) => {
    const refusal = refuseEncryption(encryptionType, keyId)
    if (refusal === undefined) stream.details = { ...stream.details, keyId: kept }
    return refusal
  }))

export const startEncryption = (account: Account, name: string, encryption: Encryption, moment: Moment) =>
  encrypt(account, name, encryption, moment, encryption.keyId)

export const stopEncryption = (account: Account, name: string, encryption: Encryption, moment: Moment) =>
  encrypt(account, name, encryption, moment, undefined)
