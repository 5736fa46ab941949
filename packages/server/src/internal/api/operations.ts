import type { Schema } from "../codec/codec.js"
import * as Shapes from "../codec/shapes.js"
import * as Schemas from "./schemas.js"

/** An operation of the API, as the SDK knows it. */
export interface ApiOperation {
  /** Such as `PutRecords`. */
  readonly name: string
  /** The engine's name of it, such as `putRecords`. */
  readonly engineName: string
  readonly inputSchema: Schema
  readonly outputSchema: Schema
  readonly input: Shapes.Shape
  readonly output: Shapes.Shape
}

/** The SDK's schema of an operation: its kind, namespace, name and traits, its input and its output. */
type OperationSchema = readonly [
  kind: 9,
  namespace: string,
  name: string,
  traits: unknown,
  input: Schema,
  output: Schema
]

const isOperation = (value: unknown): value is OperationSchema => Array.isArray(value) && value[0] === 9

const found = new Map<string, ApiOperation | undefined>()

/** The operation of this name, if the SDK has it. Its shapes are looked at when it is first asked for. */
export const named = (name: string): ApiOperation | undefined => {
  if (found.has(name)) return found.get(name)
  const schema = Object.hasOwn(Schemas.operations, name) ? Schemas.operations[name] : undefined
  if (!isOperation(schema)) return undefined
  const [, , , , inputSchema, outputSchema] = schema
  const operation = {
    name,
    engineName: name.charAt(0).toLowerCase() + name.slice(1),
    inputSchema,
    outputSchema,
    input: Shapes.of(inputSchema),
    output: name === "SubscribeToShard" ? Shapes.nothing : Shapes.of(outputSchema)
  }
  found.set(name, operation)
  return operation
}
