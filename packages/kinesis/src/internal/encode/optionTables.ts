import * as Schema from "effect/Schema"
import { InvalidArgument } from "../../KinesisError.js"
import * as Checks from "../options/checks.js"
import * as Rules from "../options/rules.js"
import type { Table } from "../options/table.js"
import * as Compress from "./compress.js"
import type { CompressOptions, JsonOptions, KeyOptions } from "./options.js"

export const keys: Table<KeyOptions<never>> = {
  partitionKey: Checks.optional(Checks.fn("the partition key of a value")),
  explicitHashKey: Checks.optional(Checks.fn("the explicit hash key of a value"))
}

export const json: Table<JsonOptions<never>> = {
  ...keys,
  stringify: Checks.optional(Checks.fn("the text of a value, such as RecordEncoder.exactJson")),
  compile: Checks.optional(Checks.flag)
}

const compression = ({ least, most }: (typeof Compress.levels)["gzip"]): Table<CompressOptions> => ({
  atLeast: Checks.optional(Checks.whole(0, undefined, " of bytes")),
  level: Checks.optional(Checks.whole(least, most))
})

const compressions = { gzip: compression(Compress.levels.gzip), zstd: compression(Compress.levels.zstd) }

const schemaTable = { schema: Checks.that("a Schema of Effect", Schema.isSchema) }

const operation = "RecordEncoder"

/** What is wrong with the options of an encoder by a schema. */
export const jsonFault = (schema: unknown, options: unknown): InvalidArgument | undefined =>
  Rules.fault(operation, schemaTable, { schema }) ?? Rules.fault(operation, json, options)

export const keysFault = (options: unknown): InvalidArgument | undefined => Rules.fault(operation, keys, options)

const nodeFault = (name: Compress.Compression): InvalidArgument | undefined => {
  const description = Compress.faultOf(name)
  return description === undefined ? undefined : new InvalidArgument({ operation, field: name, description })
}

/** What is wrong with the options of an encoder that compresses, or with this Node. */
export const compressionFault = (name: Compress.Compression, options: unknown): InvalidArgument | undefined =>
  Rules.fault(operation, compressions[name], options) ?? nodeFault(name)

export const contramapFault = (f: unknown): InvalidArgument | undefined =>
  Rules.fault(operation, { f: Checks.fn("the value to encode") }, { f })
