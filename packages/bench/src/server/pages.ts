import { encode } from "cbor-x"
import { createHash } from "node:crypto"

/** The content of a page of the canned server. */
export interface PageSize {
  /** The name of the stream, which selects the page that its reads return. */
  readonly name: string
  readonly records: number
  readonly bytes: number
  /** What the records hold. Default: bytes that look random. */
  readonly content?: "orders"
}

export const pageSizes: ReadonlyArray<PageSize> = [
  { name: "page-256", records: 10_000, bytes: 256 },
  { name: "page-1k", records: 1_000, bytes: 1_024 },
  { name: "page-10k", records: 1_000, bytes: 10_240 },
  { name: "page-empty", records: 0, bytes: 0 },
  { name: "order-256", records: 10_000, bytes: 256, content: "orders" },
  { name: "order-1k", records: 1_000, bytes: 1_024, content: "orders" },
  { name: "order-10k", records: 1_000, bytes: 10_240, content: "orders" }
]

export const pageSize = (name: string): PageSize => {
  const size = pageSizes.find((size) => size.name === name)
  if (size === undefined) throw new Error(`no page ${name}: there are ${pageSizes.map(({ name }) => name).join(", ")}`)
  return size
}

/** Bytes that look random and are the same each time. */
export const payload = (index: number, length: number): Buffer => {
  const blocks: Array<Buffer> = []
  for (let have = 0, block = 0; have < length; have += 64, block++) {
    blocks.push(createHash("sha512").update(`${index}/${block}`).digest())
  }
  return Buffer.concat(blocks).subarray(0, length)
}

const currencies = ["EUR", "USD", "GBP"]
const types = ["order.placed", "order.paid", "order.shipped"]

/** An event in JSON of about this many bytes: so many items as fit. */
const order = (index: number, bytes: number): Buffer => {
  const event = {
    id: index,
    type: types[index % types.length],
    customer: `customer-${index % 1_000}`,
    at: new Date(arrivalOf(index)).toISOString(),
    amount: (index % 10_000) / 100,
    currency: currencies[index % currencies.length],
    items: [] as Array<object>,
    ...(index % 3 === 0 ? { note: "leave it at the door" } : {})
  }
  const item = (place: number) => ({
    sku: `sku-${(index + place) % 10_000}`,
    quantity: 1 + place % 9,
    price: 9.95 + place
  })
  for (let place = 0; JSON.stringify(event).length + 48 <= bytes; place++) event.items.push(item(place))
  return Buffer.from(JSON.stringify(event))
}

const dataOf = ({ bytes, content }: PageSize, index: number): Buffer =>
  content === "orders" ? order(index, bytes) : payload(index, bytes)

/** As long as AWS's. */
export const sequenceNumber = (index: number): string =>
  `4959033827149025660855969253836157109592157598${String(index).padStart(10, "0")}`

/** One that looks like a UUID. */
export const partitionKey = (index: number): string => {
  const hex = createHash("md5").update(String(index)).digest("hex")
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** An iterator as long as AWS's, with the page's name in it. */
export const iteratorOf = ({ name }: PageSize): string => `${name}/${"A".repeat(216 - name.length)}`

const epoch = 1_763_942_400_123

/** Writers send PutRecords, so that records arrive in batches: here 50 in the same millisecond, and 1,000 per second, a shard's limit. */
const arrivalOf = (index: number): number => epoch + Math.floor(index / 50) * 50

/** The answer of GetRecords as AWS lays it out. */
export const getRecordsJson = (size: PageSize): Buffer =>
  Buffer.from(JSON.stringify({
    MillisBehindLatest: 0,
    NextShardIterator: iteratorOf(size),
    Records: Array.from({ length: size.records }, (_, index) => ({
      ApproximateArrivalTimestamp: arrivalOf(index) / 1000,
      Data: dataOf(size, index).toString("base64"),
      PartitionKey: partitionKey(index),
      SequenceNumber: sequenceNumber(index)
    }))
  }))

const tagOfInstant = 0xc1

/** A CBOR instant as AWS writes it: milliseconds under tag 1. */
const instant = (millis: number): Buffer => {
  const bytes = Buffer.alloc(10)
  bytes[0] = tagOfInstant
  bytes[1] = 0x1b
  bytes.writeBigUInt64BE(BigInt(millis), 2)
  return bytes
}

/** The same in CBOR, maps and arrays without their sizes, as Amazon's Java codec writes them. */
export const getRecordsCbor = (size: PageSize): Buffer => {
  const [map, array, stop] = [Buffer.of(0xbf), Buffer.of(0x9f), Buffer.of(0xff)]
  const record = (index: number) => [
    map,
    encode("ApproximateArrivalTimestamp"),
    instant(arrivalOf(index)),
    encode("Data"),
    encode(dataOf(size, index)),
    encode("PartitionKey"),
    encode(partitionKey(index)),
    encode("SequenceNumber"),
    encode(sequenceNumber(index)),
    stop
  ]
  return Buffer.concat([
    map,
    encode("MillisBehindLatest"),
    encode(0),
    encode("NextShardIterator"),
    encode(iteratorOf(size)),
    encode("Records"),
    array,
    ...Array.from({ length: size.records }, (_, index) => record(index)).flat(),
    stop,
    stop
  ])
}
