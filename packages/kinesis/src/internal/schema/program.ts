import * as Option from "effect/Option"
import type * as AST from "effect/SchemaAST"
import { nodes } from "./nodes.js"
import * as Source from "./source.js"

/** What a program gives for an input that it does not judge: Effect's own parser has the word. */
export const unjudged: unique symbol = Symbol("unjudged")

/** From an input to its value, as Effect's parser makes it, or {@link unjudged}. */
export type Program = (input: unknown) => unknown

/** Thrown where a schema turns out to need an effect. */
const effect: unique symbol = Symbol("effect")

/** Judges nothing. */
export const none: Program = () => unjudged

const sourceOf = (ast: AST.AST, way: "decode" | "encode", options: AST.ParseOptions): Source.Source => {
  const self = Source.make(nodes)
  const root = nodes.functionOf(self, ast, Source.modeOf(self, way, { ...options, isEffectAllowed: true } as never))
  self.functions.push(`return ${root};`)
  return self
}

const prelude = "\"use strict\"; const hasOwn = Object.prototype.hasOwnProperty, isArray = Array.isArray;"

/** Throws where code generation is forbidden. */
const evaluated = (self: Source.Source): Program =>
  // oxlint-disable-next-line no-new-func
  new Function("X", "EFFECT", "NONE", "some", ...self.constants.values(), `${prelude}\n${self.functions.join("\n")}`)(
    unjudged,
    effect,
    Option.none(),
    Option.some,
    ...self.constants.keys()
  ) as Program

/**
 * A program that parses as Effect's own parser of a schema does. It is written when it is first used, since a schema may name one that is
 * defined later. It judges nothing where code generation is forbidden, and nothing once an effect was met. What throws in it is left to
 * Effect's parser, too, which throws the same.
 */
export const make = (ast: AST.AST, way: "decode" | "encode", options: AST.ParseOptions = {}): Program => {
  let program: Program | undefined
  return (input) => {
    try {
      program ??= evaluated(sourceOf(ast, way, options))
      return program(input)
    } catch (cause) {
      if (program === undefined || cause === effect) program = none
      return unjudged
    }
  }
}
