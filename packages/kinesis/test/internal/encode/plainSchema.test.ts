import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { encodesPlainly } from "../../../src/internal/encode/plainSchema.js"

class Order extends Schema.Class<Order>("Order")({ id: Schema.BigInt, placed: Schema.Date }) {}
enum Size {
  small
}
interface Tree {
  readonly leaves: ReadonlyArray<Tree>
}
const Tree = Schema.Struct({ leaves: Schema.Array(Schema.suspend((): Schema.Schema<Tree> => Tree)) })
const endless = (): Schema.Schema<any> => Schema.Struct({ inner: Schema.suspend(endless) })

describe("what a schema encodes", () => {
  const plain: ReadonlyArray<Schema.Schema.All> = [
    Schema.String,
    Schema.Number,
    Schema.Boolean,
    Schema.Null,
    Schema.Literal("a", 1, true),
    Schema.Enums(Size),
    Schema.TemplateLiteral("a", Schema.Number),
    Schema.Undefined,
    Schema.Void,
    Schema.Never,
    Schema.Int,
    Schema.Struct({ a: Schema.optional(Schema.String) }),
    Schema.Record({ key: Schema.String, value: Schema.Number }),
    Schema.Tuple(Schema.String, Schema.optionalElement(Schema.Number)),
    Schema.Array(Schema.NullOr(Schema.String)),
    Schema.ReadonlySet(Schema.Date),
    Schema.ReadonlyMap({ key: Schema.String, value: Schema.Option(Schema.BigInt) }),
    Schema.Uint8ArrayFromBase64,
    Order,
    Tree
  ]
  for (const schema of plain) {
    it(`is plain: ${schema}`, () => assert.isTrue(encodesPlainly(schema.ast)))
  }

  const other: ReadonlyArray<Schema.Schema.All> = [
    Schema.Unknown,
    Schema.Any,
    Schema.Object,
    Schema.Struct({}),
    Schema.BigIntFromSelf,
    Schema.Literal(1n),
    Schema.SymbolFromSelf,
    Schema.DateFromSelf,
    Schema.Uint8ArrayFromSelf,
    Schema.instanceOf(Date),
    Schema.typeSchema(Order),
    Schema.Struct({ [Symbol.for("a")]: Schema.String }),
    Schema.Record({ key: Schema.SymbolFromSelf, value: Schema.String }),
    Schema.Record({ key: Schema.String, value: Schema.Unknown }),
    Schema.Struct({ at: Schema.DateFromSelf, id: Schema.String }),
    Schema.Tuple(Schema.String, Schema.Unknown),
    Schema.Array(Schema.Unknown),
    Schema.Union(Schema.String, Schema.Unknown),
    Schema.Unknown.pipe(Schema.filter(() => true)),
    Schema.Struct({ a: Schema.String }).annotations({ parseOptions: { onExcessProperty: "preserve" } }),
    endless()
  ]
  for (const schema of other) {
    it(`may be anything: ${String(schema).slice(0, 60)}`, () => assert.isFalse(encodesPlainly(schema.ast)))
  }
})
