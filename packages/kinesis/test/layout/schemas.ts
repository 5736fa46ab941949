import { Either, Schema } from "effect"

/** Schemas with what a reader has code of its own for, and with what is next to it. */

const Name = Schema.String.pipe(Schema.minLength(1))

/** Objects all of whose keys may be absent, and keys that have no plain text. */
export const absent: Schema.Schema.AnyNoContext = Schema.Struct({
  first: Schema.optional(Schema.Number),
  second: Schema.optionalWith(Schema.String, { exact: true }),
  third: Schema.optionalWith(Schema.NumberFromString, { default: () => 7 }),
  inner: Schema.optional(
    Schema.Struct({ "a\"b": Schema.optional(Schema.Int), "ü": Schema.optional(Schema.Null), "": Schema.Boolean })
  ),
  "10": Schema.optional(Schema.Number),
  "2": Schema.optional(Schema.Number)
})

/** Dates in every dress. */
export const dates: Schema.Schema.AnyNoContext = Schema.Struct({
  at: Schema.Date,
  any: Schema.DateFromString,
  nullable: Schema.NullOr(Schema.Date),
  optional: Schema.optional(Schema.Date),
  late: Schema.Date.pipe(Schema.greaterThanDate(new Date("1980-01-01"))),
  named: Schema.Date.annotations({ identifier: "Named" }),
  fallen: Schema.Date.annotations({ decodingFallback: () => Either.right(new Date(7)) }),
  utc: Schema.DateTimeUtc,
  list: Schema.Array(Schema.Date)
})

/** Literals, alone and together with other things. */
export const literals: Schema.Schema.AnyNoContext = Schema.Struct({
  one: Schema.Literal("a"),
  prefix: Schema.Literal("a", "ab", "abc", ""),
  quoted: Schema.Literal("a\"b", "a\\b", "é", "plain"),
  nullable: Schema.NullOr(Schema.Literal("on", "off")),
  mixed: Schema.Literal("x", 1, true, null, -1.5),
  many: Schema.Literal(...Array.from({ length: 20 }, (_, index) => `value-${index}` as const)),
  nested: Schema.Union(Schema.Literal("p", "q"), Schema.Literal("r")),
  numbered: Schema.Union(Schema.Literal("s"), Schema.Number),
  switched: Schema.Boolean,
  nothing: Schema.Null
})

/** Arrays of every form. */
export const arrays: Schema.Schema.AnyNoContext = Schema.Tuple(
  [
    Schema.Tuple(Schema.String, Schema.optionalElement(Schema.Number), Schema.optionalElement(Schema.Boolean)),
    Schema.Tuple(),
    Schema.Tuple([Schema.Number], Schema.String),
    Schema.Tuple([Schema.optionalElement(Schema.Number)], Schema.String),
    Schema.Array(Schema.Array(Schema.Int)),
    Schema.NonEmptyArray(Schema.Struct({ a: Schema.optional(Schema.Null) })),
    Schema.NullOr(Schema.Array(Schema.NullOr(Schema.String)))
  ],
  Schema.Tuple([Name], Schema.Number)
)

class Circle extends Schema.TaggedClass<Circle>()("Circle", { r: Schema.Positive, label: Schema.optional(Name) }) {}

class Square extends Schema.TaggedClass<Square>()("Square", {
  side: Schema.NumberFromString,
  at: Schema.optionalWith(Schema.Date, { as: "Option" })
}) {}

const Group = Schema.TaggedStruct("Group", {
  members: Schema.Array(Schema.suspend((): Schema.Schema.AnyNoContext => Figure))
})

const Figure: Schema.Schema.AnyNoContext = Schema.Union(Circle, Square, Group)

/** Members told apart by tags, within themselves too. */
export const figures: Schema.Schema.AnyNoContext = Schema.Struct({ id: Schema.Int, figure: Figure })

/** Unions whose members overlap, or are of several kinds. */
export const unions: Schema.Schema.AnyNoContext = Schema.Struct({
  several: Schema.Union(Schema.String, Schema.Struct({ a: Schema.Int }), Schema.Array(Schema.Number), Schema.Null),
  overlapping: Schema.Union(
    Schema.Struct({ a: Schema.Int, b: Schema.optional(Schema.Int) }),
    Schema.Struct({ a: Schema.Number })
  ),
  first: Schema.Union(Schema.Unknown, Schema.NumberFromString),
  ordered: Schema.Union(Schema.NumberFromString, Schema.String),
  twice: Schema.Union(
    Schema.Struct({ kind: Schema.Literal(1), a: Schema.String }),
    Schema.Struct({ kind: Schema.Literal(2), a: Schema.Number })
  ),
  fallen: Schema.Union(
    Schema.Struct({ kind: Schema.Literal("x"), a: Schema.String }).annotations({
      decodingFallback: () => Either.right({ kind: "x", a: "fallen" } as const)
    }),
    Schema.Struct({ kind: Schema.Literal("y"), a: Schema.Number })
  ),
  nullish: Schema.optional(Schema.NullishOr(Schema.Struct({ a: Schema.Number })))
})

interface Json {
  readonly [key: string]: string | Json
}

const Json: Schema.Schema<Json> = Schema.Record({
  key: Schema.String,
  value: Schema.Union(Schema.String, Schema.suspend((): Schema.Schema<Json> => Json))
})

/** Parts that are left to JSON.parse, between others. */
export const parts: Schema.Schema.AnyNoContext = Schema.Struct({
  before: Schema.Number,
  any: Schema.Unknown,
  record: Schema.Record({ key: Schema.String, value: Schema.Number }),
  json: Json,
  object: Schema.Object,
  empty: Schema.Struct({}),
  strict: Schema.Struct({ a: Schema.Number, b: Schema.optional(Schema.Number) })
    .annotations({ parseOptions: { onExcessProperty: "error" } }),
  exact: Schema.Struct({ a: Schema.Number }).annotations({ parseOptions: { exact: true } }),
  sum: Schema.transform(Schema.Struct({ a: Schema.Number, b: Schema.Number }), Schema.Number, {
    strict: true,
    decode: ({ a, b }, from) => a + b + Object.keys(from).length,
    encode: (sum) => ({ a: sum, b: -2 })
  }),
  after: Schema.String
})

/** Numbers and what is made of them. */
export const numbers: Schema.Schema.AnyNoContext = Schema.Struct({
  any: Schema.Number,
  int: Schema.Int,
  finite: Schema.Finite,
  nested: Schema.Struct({ small: Schema.Number.pipe(Schema.between(-1, 1)), list: Schema.Array(Schema.Number) }),
  millis: Schema.DateFromNumber,
  clamped: Schema.Number.pipe(Schema.clamp(-10, 10))
})

/** What encloses an object: filters, another schema behind it, a later definition. */
export const enclosed: Schema.Schema.AnyNoContext = Schema.compose(
  Schema.Struct({ a: Schema.NumberFromString, b: Schema.suspend(() => Schema.Struct({ c: Schema.Trim })) }),
  Schema.Struct({ a: Schema.Positive, b: Schema.Struct({ c: Schema.NonEmptyString }) })
).pipe(Schema.filter(({ a }) => a < 1000))
