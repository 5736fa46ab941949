import type { KinesisRecord } from "effect-kinesis"
import * as Layout from "./Layout.js"

/** What is printed of a record. */
export type Output = "json" | "raw" | "none"

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const textOf = (data: Uint8Array): string | undefined => {
  try {
    return decoder.decode(data)
  } catch {
    return undefined
  }
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Control characters that JSON does not escape, and that a terminal may act on. */
const escaped = (json: string): string =>
  json.replace(/[\u007f-\u009f\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)

const base64 = (data: Uint8Array): string =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64")

/** Data that is JSON stays as it was written, so that no digit of a number is lost; a line break in it can only stand between tokens. */
const payload = (data: Uint8Array): string => {
  const text = textOf(data)
  if (text === undefined) return `"encoding":"base64","data":"${base64(data)}"`
  return isJson(text)
    ? `"encoding":"json","data":${text.replace(/[\r\n]/g, " ").trim()}`
    : `"encoding":"utf8","data":${JSON.stringify(text)}`
}

/** A record as one line of JSON, without the line break. */
export const toJson = (record: KinesisRecord.KinesisRecord): string => {
  const head = JSON.stringify({
    v: 1,
    stream: record.stream,
    shard: record.shardId,
    seq: record.sequenceNumber,
    sub: record.subSequenceNumber,
    key: record.partitionKey,
    hashKey: record.explicitHashKey,
    time: record.approximateArrivalTimestamp?.getTime()
  })
  return escaped(`${head.slice(0, -1)},${payload(record.data)}}`)
}

/** The data and a line break; on a terminal as text that does not move the cursor. */
const toRaw = (data: Uint8Array, isTerminal: boolean): Uint8Array =>
  Buffer.concat([
    isTerminal ? Buffer.from(Layout.visible(Buffer.from(data).toString("utf8"))) : data,
    Buffer.from("\n")
  ])

/** The records of a page as they are printed, at once; undefined if nothing is. */
export const print = (
  records: ReadonlyArray<KinesisRecord.KinesisRecord>,
  output: Output,
  isTerminal: boolean
): string | Uint8Array | undefined => {
  if (output === "none" || records.length === 0) return undefined
  if (output === "json") return records.map((record) => `${toJson(record)}\n`).join("")
  return Buffer.concat(records.map(({ data }) => toRaw(data, isTerminal)))
}

const mostShown = 200

/** A record in a few words: its key and the beginning of its data. */
export const describe = ({ data, partitionKey }: KinesisRecord.KinesisRecord): string => {
  const text = textOf(data) === undefined ? `${data.length} bytes` : Buffer.from(data.subarray(0, mostShown)).toString()
  return Layout.visible(partitionKey === undefined ? text : `${partitionKey}  ${text}`)
}
