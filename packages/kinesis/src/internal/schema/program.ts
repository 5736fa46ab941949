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

/** Thrown where generated code does not know what Effect would say. */
const unsure: unique symbol = Symbol("unsure")

const sourceOf = (ast: AST.AST, way: "decode" | "encode", options: AST.ParseOptions): Source.Source => {
  const self = Source.make(nodes)
  const root = nodes.functionOf(self, ast, Source.modeOf(self, way, options))
  self.functions.push(`return ${root};`)
  return self
}

const prelude = "\"use strict\"; const hasOwn = Object.prototype.hasOwnProperty, isArray = Array.isArray;"

const given = { X: unjudged, EFFECT: effect, UNSURE: unsure, NONE: Option.none(), some: Option.some }

/** The function that a source returns. It may name what is given. Throws where code generation is forbidden. */
export const evaluate = <A>(self: Source.Source, more: Readonly<Record<string, unknown>> = {}): A => {
  const names = { ...given, ...more }
  const source = `${prelude}\n${self.functions.join("\n")}`
  // oxlint-disable-next-line no-new-func
  return new Function(...Object.keys(names), ...self.constants.values(), source)(
    ...Object.values(names),
    ...self.constants.keys()
  ) as A
}

const written = (ast: AST.AST, way: "decode" | "encode", options: AST.ParseOptions): Program => {
  let program: Program | undefined
  return (input) => {
    try {
      program ??= evaluate<Program>(sourceOf(ast, way, options))
      return program(input)
    } catch (cause) {
      if (program === undefined || cause === effect) program = none
      return unjudged
    }
  }
}

const programs = new WeakMap<AST.AST, Map<string, Program>>()

/**
 * A program that parses as Effect's own parser of a schema does: one for each schema, way and options. It is written when it is first used,
 * since a schema may name one that is defined later. It judges nothing where code generation is forbidden, and nothing once an effect was met.
 * What throws in it is left to Effect's parser, too, which throws the same.
 */
export const make = (ast: AST.AST, way: "decode" | "encode", options: AST.ParseOptions = {}): Program => {
  const known = programs.get(ast) ?? new Map<string, Program>()
  programs.set(ast, known)
  const key = Source.keyOfMode(way, options)
  const program = known.get(key) ?? written(ast, way, options)
  known.set(key, program)
  return program
}

/** The options by which Effect's parsers say that they may return an effect; functions of a schema see it. */
export const withEffects = (options?: AST.ParseOptions): AST.ParseOptions =>
  ({ ...options, isEffectAllowed: true }) as AST.ParseOptions
