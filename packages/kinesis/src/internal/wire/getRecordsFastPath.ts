import * as Sdk from "@aws-sdk/client-kinesis"
import { HttpRequest } from "@smithy/core/protocols"
import { randomUUID } from "node:crypto"
import * as Answers from "./answers.js"

/** What the SDK's middleware made of a call: the request, but for its body and signature, and how to sign it. */
interface Template {
  readonly request: HttpRequest
  readonly signer: any
  readonly signingProperties: object
}

/** Under this key the input of a call says that it wants to know what is made of it. */
const onPrepared = Symbol("onPrepared")

const [, namespace, name, traits, inputSchema, outputSchema] = Sdk.GetRecords$
const operation = { namespace, name, traits, input: inputSchema, output: outputSchema } as never

/** These differ from call to call, or come from the body. */
const ofOneCall: ReadonlyArray<string> = ["content-length", "amz-sdk-invocation-id"]

const withoutThose = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([header]) => !ofOneCall.includes(header.toLowerCase())))

/**
 * GetRecords of one SDK client. The first call for a stream goes the SDK's whole way. What its middleware made of the request, which is
 * the same each time, serves the calls after it: they take the SDK's endpoint, headers, credentials, signer, protocol and transport, and
 * none of the two thirds of a call's CPU that its middleware costs.
 */
export const getRecordsSender = (
  sdk: Sdk.KinesisClient
): (input: Sdk.GetRecordsCommandInput, abortSignal: AbortSignal) => Promise<Sdk.GetRecordsCommandOutput> => {
  const templates = new Map<string | undefined, Template>()
  const config: any = sdk.config
  keepSigners(config)
  const serializer = config.protocol.getPayloadCodec().createSerializer()
  sdk.middlewareStack.addRelativeTo(
    (next: any, context: any) => (args: any) => {
      args.input[onPrepared]?.(args.request, context.__smithy_context?.selectedHttpAuthScheme)
      return next(args)
    },
    { name: "getRecordsFastPath", relation: "before", toMiddleware: "httpSigningMiddleware" }
  )

  const firstOf = (input: Sdk.GetRecordsCommandInput, abortSignal: AbortSignal) => {
    const noting = {
      ...input,
      [onPrepared]: (request: HttpRequest, scheme: any) => {
        templates.set(input.StreamARN, {
          request: new HttpRequest({ ...request, headers: withoutThose(request.headers), body: undefined }),
          signer: scheme.signer,
          signingProperties: scheme.httpAuthOption.signingProperties
        })
      }
    }
    return sdk.send(new Sdk.GetRecordsCommand(noting), { abortSignal })
  }

  const requestOf = (template: Template, input: Sdk.GetRecordsCommandInput): HttpRequest => {
    serializer.write(inputSchema, input)
    const body: string | Uint8Array = serializer.flush()
    return new HttpRequest({
      ...template.request,
      headers: {
        ...template.request.headers,
        "content-length": String(Buffer.byteLength(body)),
        "amz-sdk-invocation-id": randomUUID()
      },
      body
    })
  }

  const again = async (template: Template, input: Sdk.GetRecordsCommandInput, abortSignal: AbortSignal) => {
    const signingProperties = { ...template.signingProperties }
    const identity = await config.credentials()
    const signedBy = Answers.offsetOf(config)
    const request = await template.signer.sign(requestOf(template, input), identity, signingProperties)
    try {
      const { response } = await config.requestHandler.handle(request, { abortSignal })
      const output = await config.protocol.deserializeResponse(operation, config, response).catch((error: any) => {
        throw Object.assign(error, {
          $response: response,
          $metadata: error.$metadata ?? { httpStatusCode: response.statusCode }
        })
      })
      template.signer.successHandler?.(response, signingProperties)
      return output
    } catch (error) {
      const told = template.signer.errorHandler === undefined
        ? error
        : caught(template.signer, signingProperties, error)
      Answers.noteClock(told, signedBy, config)
      throw told
    }
  }

  return (input, abortSignal) => {
    const template = templates.get(input.StreamARN)
    return template === undefined ? firstOf(input, abortSignal) : again(template, input, abortSignal)
  }
}

/** The SDK makes a signer for each call; one for each scheme will do, since it asks for credentials and the time at each call. */
const keepSigners = (config: any): void => {
  const make: (scheme?: object) => Promise<unknown> = config.signer
  const signers = new Map<string, Promise<unknown>>()
  config.signer = (scheme?: object) => {
    const key = JSON.stringify(scheme ?? {})
    const known = signers.get(key) ?? make(scheme)
    signers.set(key, known)
    return known
  }
}

/** The signer's handler sets the clock by a refusal, and throws it again. */
const caught = (signer: any, signingProperties: object, error: unknown): unknown => {
  try {
    return signer.errorHandler(signingProperties)(error)
  } catch (rethrown) {
    return rethrown
  }
}
