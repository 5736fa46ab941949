import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Learning from "../layout/learning.js"
import * as Program from "../schema/program.js"
import { printable } from "../text/causes.js"
import { messageOf } from "../text/describe.js"

/** The part of the Standard Schema specification that is used: https://standardschema.dev */
export interface StandardSchema<A> {
  /** What the specification asks for. */
  readonly "~standard": {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<A> | Promise<StandardResult<A>>
    readonly types?: { readonly input: unknown; readonly output: A } | undefined
  }
}

type StandardResult<A> =
  | { readonly value: A; readonly issues?: undefined }
  | { readonly issues: ReadonlyArray<{ readonly message: string; readonly path?: ReadonlyArray<unknown> | undefined }> }

/** What is wrong with a value, in words. */
export interface Problem {
  readonly description: string
  readonly cause: unknown
}

export type Parsed<A> = Either.Either<A, Problem>

/** What a schema makes of values. */
export interface Parser<A, R> {
  /** Its compiled form, which gives the value or `unjudged`. */
  readonly program: Program.Program
  /** Judges what the program does not. */
  readonly parse: (value: unknown) => Parsed<A> | Effect.Effect<Parsed<A>, never, R>
}

/** How schemas are parsed. */
export interface ParserOptions {
  readonly compile?: boolean | undefined
  readonly learnLayout?: boolean | undefined
  readonly parse?: unknown
}

export const parser = <A, I, R>(
  schema: Schema.Schema<A, I, R> | StandardSchema<A>,
  options?: ParserOptions
): Parser<A, R> =>
  Schema.isSchema(schema)
    ? ofSchema("decode", schema as Schema.Schema<A, I, R>, decodeProblem, options)
    : { program: Program.none, parse: ofStandard(schema as StandardSchema<A>) }

/** What a schema makes of values on their way out, with words of the caller's for what it refuses. */
export const encoding = <A, I, R>(
  schema: Schema.Schema<A, I, R>,
  problemOf: (issue: ParseResult.ParseIssue) => Problem,
  options?: ParserOptions
): Parser<I, R> => ofSchema("encode", schema, problemOf, options)

const decodeProblem = (issue: ParseResult.ParseIssue): Problem => ({
  description: ParseResult.TreeFormatter.formatIssueSync(issue),
  cause: ParseResult.parseError(issue)
})

/** What learns how the texts of a decoder are laid out, unless it must not, or another parser reads them. */
export const learning = (schema: unknown, options?: ParserOptions): Learning.State | undefined =>
  Schema.isSchema(schema) && options?.compile !== false && options?.learnLayout !== false &&
    options?.parse === undefined
    ? Learning.make(schema.ast, Program.withEffects())
    : undefined

/** A schema is others' code: Effect's own throw, too, on values that have no text. */
const broken = (cause: unknown): Either.Either<never, Problem> =>
  Either.left({ description: `the schema threw: ${messageOf(cause)}`, cause: printable(cause) })

const parsers = { decode: ParseResult.decodeUnknown, encode: ParseResult.encodeUnknown }

const ofSchema = <B, R>(
  way: "decode" | "encode",
  schema: Schema.Schema.All,
  problemOf: (issue: ParseResult.ParseIssue) => Problem,
  { compile = true }: ParserOptions = {}
): Parser<B, R> => {
  const parse = parsers[way](schema as Schema.Schema<any, any, R>)
  const worded = (parsed: Either.Either<B, ParseResult.ParseIssue>): Parsed<B> => {
    try {
      return Either.mapLeft(parsed, problemOf)
    } catch (cause) {
      return broken(cause)
    }
  }
  return {
    program: compile ? Program.make(schema.ast, way, Program.withEffects()) : Program.none,
    parse: (value) => {
      try {
        const parsed = parse(value)
        return Either.isEither(parsed)
          ? worded(parsed as Either.Either<B, ParseResult.ParseIssue>)
          : Effect.catchAllDefect(Effect.map(Effect.either(parsed), worded), (cause) => Effect.succeed(broken(cause)))
      } catch (cause) {
        return broken(cause)
      }
    }
  }
}

const isPromise = <A>(result: A | PromiseLike<A>): result is PromiseLike<A> =>
  typeof (result as PromiseLike<A>).then === "function"

const ofStandard = <A>(schema: StandardSchema<A>): Parser<A, never>["parse"] => {
  const judged = (result: StandardResult<A>): Parsed<A> =>
    result.issues === undefined ? Either.right(result.value) : Either.left({
      description: result.issues.map(messageOf).join("; "),
      cause: printable(result.issues)
    })
  return (value) => {
    try {
      const result = schema["~standard"].validate(value)
      return isPromise(result)
        ? Effect.promise(() => Promise.resolve(result).then(judged).catch(broken))
        : judged(result)
    } catch (cause) {
      return broken(cause)
    }
  }
}
