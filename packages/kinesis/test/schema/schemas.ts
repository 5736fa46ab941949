import { Duration, Effect, Either, ParseResult, Schema } from "effect"

/** Schemas of every kind that Effect has, as data that services exchange. */
const Item = Schema.Struct({ sku: Schema.String, quantity: Schema.Int, price: Schema.Number })

export const flat = Schema.Struct({
  id: Schema.Int,
  item: Schema.String,
  quantity: Schema.Number,
  tags: Schema.Array(Schema.String)
})

export const order = Schema.Struct({
  id: Schema.Int,
  type: Schema.Literal("order.placed", "order.paid", "order.shipped"),
  customer: Schema.NonEmptyString,
  at: Schema.Date,
  amount: Schema.Number,
  currency: Schema.Literal("EUR", "USD", "GBP"),
  items: Schema.Array(Item),
  note: Schema.optional(Schema.String)
})

const UserId = Schema.String.pipe(Schema.pattern(/^u-[0-9a-f]+$/), Schema.brand("UserId"))

class Created extends Schema.TaggedClass<Created>()("Created", {
  user: UserId,
  at: Schema.DateTimeUtc,
  plan: Schema.optionalWith(Schema.Literal("free", "pro"), { default: () => "free" })
}) {}

class Renamed extends Schema.TaggedClass<Renamed>()("Renamed", {
  user: UserId,
  name: Schema.NonEmptyString,
  previous: Schema.optionalWith(Schema.String, { as: "Option" })
}) {}

const Paid = Schema.TaggedStruct("Paid", {
  user: UserId,
  cents: Schema.BigInt,
  currency: Schema.NullOr(Schema.String),
  at: Schema.DateTimeUtc
})

const Closed = Schema.TaggedStruct("Closed", {
  user: UserId,
  reason: Schema.optional(Schema.NullOr(Schema.String)),
  final: Schema.Boolean
})

export const events = Schema.Union(Created, Renamed, Paid, Closed)

export const telemetry = Schema.Struct({
  device: Schema.UUID,
  seq: Schema.NumberFromString.pipe(Schema.int()),
  battery: Schema.Number.pipe(Schema.between(0, 100)),
  position: Schema.Tuple(Schema.Number, Schema.Number, Schema.optionalElement(Schema.Number)),
  attributes: Schema.Record({
    key: Schema.String,
    value: Schema.Union(Schema.String, Schema.Number, Schema.Boolean, Schema.Null)
  }),
  readings: Schema.NonEmptyArray(
    Schema.Struct({
      name: Schema.String,
      value: Schema.NullOr(Schema.JsonNumber),
      unit: Schema.optionalWith(Schema.String, { nullable: true, default: () => "1" })
    })
  ),
  firmware: Schema.propertySignature(Schema.String).pipe(Schema.fromKey("fw")),
  labels: Schema.optionalWith(Schema.Array(Schema.Trim), { exact: true })
})

interface Tree {
  readonly name: string
  readonly size?: number | undefined
  readonly children: ReadonlyArray<Tree>
}

const Tree: Schema.Schema<Tree> = Schema.Struct({
  name: Schema.String,
  size: Schema.optional(Schema.NonNegativeInt),
  children: Schema.Array(Schema.suspend((): Schema.Schema<Tree> => Tree))
})

interface Branch {
  readonly weight: number
  readonly branches: ReadonlyArray<Branch>
}

interface BranchEncoded {
  readonly weight: string
  readonly branches: ReadonlyArray<BranchEncoded>
}

/** Recursive, transformed and refined at once. */
export const branch: Schema.Schema<Branch, BranchEncoded> = Schema.Struct({
  weight: Schema.NumberFromString,
  branches: Schema.Array(Schema.suspend((): Schema.Schema<Branch, BranchEncoded> => branch))
}).pipe(Schema.filter(({ branches }) => branches.length < 3))

const Shape = Schema.Union(
  Schema.Struct({ kind: Schema.Literal("circle"), r: Schema.Positive }),
  Schema.Struct({ kind: Schema.Literal("rect"), w: Schema.Number, h: Schema.Number }),
  Schema.Struct({ x: Schema.Number, y: Schema.Number }),
  Schema.Tuple(Schema.Literal("line"), Schema.Number),
  Schema.String
)

export const mixed = Schema.Struct({
  tree: Tree,
  shape: Shape,
  strict: Schema.Struct({ a: Schema.String, b: Schema.optional(Schema.Number) })
    .annotations({ parseOptions: { onExcessProperty: "error" } }),
  map: Schema.Map({ key: Schema.String, value: Schema.Number }),
  upper: Schema.transform(Schema.String, Schema.String, {
    strict: true,
    decode: (text) => text.toUpperCase(),
    encode: (text) => text
  }),
  either: Schema.Union(Schema.Number, Schema.NumberFromString),
  any: Schema.Unknown,
  code: Schema.TemplateLiteral("x-", Schema.Number),
  duration: Schema.Union(Schema.DurationFromMillis, Schema.Literal("none"))
})

enum Level {
  Low,
  High = "high"
}

export const flags = Schema.Struct({
  level: Schema.Literal("debug", "info", "warn", "error", "fatal", "trace", "off", "all", "none", "other"),
  height: Schema.Enums(Level),
  bounds: Schema.Literal(-0, 0, null, true, 10n, "x\u2028"),
  enabled: Schema.optionalWith(Schema.Boolean, { default: () => true, exact: true }),
  ratio: Schema.Finite,
  url: Schema.optionalWith(Schema.NonEmptyTrimmedString, { as: "Option", nullable: true }),
  pair: Schema.ReadonlySet(Schema.Number),
  parsed: Schema.parseJson(Schema.Struct({ a: Schema.Number })),
  tags: Schema.Array(Schema.Lowercase),
  size: Schema.compose(Schema.NumberFromString, Schema.Int)
})

const Money = Schema.transformOrFail(Schema.String, Schema.Struct({ units: Schema.Int, currency: Schema.String }), {
  strict: true,
  decode: (text, _, ast) => {
    const [units, currency] = text.split(" ")
    return currency === undefined
      ? ParseResult.fail(new ParseResult.Type(ast, text))
      : ParseResult.succeed({ units: Number(units), currency })
  },
  encode: ({ currency, units }) => ParseResult.succeed(`${units} ${currency}`)
})

/** User's own transformations, nested; properties with names that JavaScript knows. */
export const invoice = Schema.Struct({
  total: Money,
  lines: Schema.Array(Schema.Tuple(Schema.String, Money)),
  due: Schema.OptionFromNullOr(Schema.Date),
  paid: Schema.OptionFromUndefinedOr(Schema.Boolean),
  outcome: Schema.EitherFromSelf({ left: Schema.String, right: Schema.Number }).pipe((schema) =>
    Schema.transform(Schema.NullOr(Schema.Number), Schema.typeSchema(schema), {
      strict: true,
      decode: (value) => value === null ? Either.left("none") : Either.right(value),
      encode: (either) => Either.getOrNull(either)
    })
  ),
  constructor: Schema.optional(Schema.String),
  length: Schema.Number.pipe(Schema.greaterThan(-1))
})

/** Options on the schema, and everything that is left to Effect's own parser. */
export const options = Schema.Struct({
  exact: Schema.Struct({ a: Schema.Unknown }).annotations({ parseOptions: { exact: true } }),
  kept: Schema.Struct({ a: Schema.Number }).annotations({ parseOptions: { onExcessProperty: "preserve" } }),
  ordered: Schema.Struct({ a: Schema.Number, b: Schema.Number })
    .annotations({ parseOptions: { propertyOrder: "original" } }),
  fallback: Schema.Number.annotations({ decodingFallback: () => Either.right(7) }),
  tail: Schema.Tuple([Schema.String], Schema.Number, Schema.Boolean),
  open: Schema.Struct({ a: Schema.Number }, Schema.Record({ key: Schema.String, value: Schema.Unknown })),
  keyed: Schema.Record({ key: Schema.String.pipe(Schema.maxLength(3)), value: Schema.NumberFromString })
})

/** One property needs an effect: compiled code gives up, and Effect's own parser judges. */
export const effectful = Schema.Struct({
  id: Schema.Number,
  name: Schema.transformOrFail(Schema.String, Schema.String, {
    strict: true,
    decode: (text) => Effect.delay(Effect.succeed(text), Duration.zero),
    encode: (text) => Effect.sync(() => text)
  })
})

class Account extends Schema.Class<Account>("Account")({
  id: Schema.String,
  balance: Schema.NumberFromString,
  owner: Schema.suspend(() => Person)
}) {}

class Person extends Schema.Class<Person>("Person")({
  name: Schema.String.pipe(Schema.minLength(1)),
  nick: Schema.optionalWith(Schema.String, { nullable: true })
}) {
  get label() {
    return `${this.name}!`
  }
}

class Vip extends Account.extend<Vip>("Vip")({ since: Schema.DateFromNumber }) {}

/** Classes in classes, one of them defined later; an extended class. */
export const classes: Schema.Schema.AnyNoContext = Schema.Union(
  Account,
  Vip,
  Schema.extend(Schema.Struct({ a: Schema.Number }), Schema.Struct({ b: Schema.optional(Schema.BooleanFromString) }))
)

const Kind = Schema.Union(
  Schema.Struct({ kind: Schema.Literal(null), n: Schema.Number }),
  Schema.Struct({ kind: Schema.Literal("x"), s: Schema.String })
)

/** Names that change places, and tags that are no text. */
export const exchanged: Schema.Schema.AnyNoContext = Schema.Struct({
  swapped: Schema.rename(Schema.Struct({ a: Schema.optional(Schema.String), b: Schema.optional(Schema.String) }), {
    a: "b",
    b: "a"
  }),
  chained: Schema.Struct({
    a: Schema.optional(Schema.String).pipe(Schema.fromKey("b")),
    b: Schema.optionalWith(Schema.NumberFromString, { as: "Option" }).pipe(Schema.fromKey("c"))
  }),
  tagged: Schema.Union(Kind, Schema.Struct({ kind: Schema.Unknown })),
  many: Schema.Union(Schema.Array(Kind), Schema.Array(Schema.Unknown)),
  any: Schema.Struct({}),
  keys: Schema.Record({
    key: Schema.String.pipe(Schema.minLength(2)).annotations({ decodingFallback: (issue) => Either.left(issue) }),
    value: Schema.Number
  }),
  told: Schema.transformOrFail(Schema.String, Schema.String, {
    strict: true,
    decode: (_, options) => ParseResult.succeed(JSON.stringify(options)),
    encode: (_, options) => ParseResult.succeed(JSON.stringify(options))
  })
})

/** An object of any shape, by itself. */
export const anything = Schema.Struct({})
