import { Tracer } from "effect"

/** A span that was recorded. */
export interface Recorded {
  readonly name: string
  readonly kind: Tracer.SpanKind
  readonly parent: string | undefined
  readonly attributes: Readonly<Record<string, unknown>>
  readonly outcome: "Success" | "Failure" | undefined
}

/** A tracer that keeps all spans in memory. */
export const recordingTracer = () => {
  const spans: Array<{ readonly span: Tracer.Span; outcome: Recorded["outcome"] }> = []
  const tracer = Tracer.make({
    span: (name, parent, context, links, startTime, kind) => {
      const attributes = new Map<string, unknown>()
      const span: Tracer.Span = {
        _tag: "Span",
        spanId: String(spans.length),
        traceId: "trace",
        sampled: true,
        status: { _tag: "Started", startTime },
        name,
        parent,
        context,
        links,
        kind,
        attributes,
        attribute: (key, value) => void attributes.set(key, value),
        end: (_, exit) => {
          kept.outcome = exit._tag
        },
        event: () => undefined,
        addLinks: () => undefined
      }
      const kept: typeof spans[number] = { span, outcome: undefined }
      spans.push(kept)
      return span
    },
    context: (f) => f()
  })
  const recorded = (): ReadonlyArray<Recorded> =>
    spans.map(({ outcome, span: { attributes, kind, name, parent } }) => ({
      name,
      kind,
      parent: parent._tag === "Some" && parent.value._tag === "Span" ? parent.value.name : undefined,
      attributes: Object.fromEntries(attributes),
      outcome
    }))
  /** The names of the spans to which those of a name have links. */
  const links = (of: string): ReadonlyArray<string> =>
    spans.filter(({ span }) => span.name === of).flatMap(({ span }) =>
      span.links.map(({ span: linked }) => linked._tag === "Span" ? linked.name : linked.spanId)
    )
  return { tracer, recorded, links, named: (name: string) => recorded().filter((span) => span.name === name) }
}
