import type { GetRecordsCommandOutput } from "@aws-sdk/client-kinesis"
import type { GetRecordsResponse } from "../../KinesisApi.js"
import type { Place } from "./pageDecoder.js"

/**
 * The door of the protocols here through the SDK, which neither tells a protocol whose answer it reads nor hands on a page. On the way in
 * the place lies in the context that the SDK gives its protocol; on the way out the page is kept beside a real output of the SDK.
 */
const place = Symbol("place")

/** The context of a call, in which the protocol finds whose records are to come. */
export const placed = <Context extends object>(context: Context, of: Place): Context =>
  Object.create(context, { [place]: { value: of, enumerable: true } }) as Context

/** Puts it into the context of a call that goes the SDK's whole way. */
export const putPlace = (context: object, of: Place): void => {
  Object.assign(context, { [place]: of })
}

/** Undefined where the caller did not say: the SDK decodes the answer then. */
export const placeIn = (context: object): Place | undefined => (context as { readonly [place]?: Place })[place]

const pages = new WeakMap<GetRecordsCommandOutput, GetRecordsResponse>()

/** An output of the SDK that carries a page. */
export const seal = (
  $metadata: GetRecordsCommandOutput["$metadata"],
  page: GetRecordsResponse
): GetRecordsCommandOutput => {
  const output = { $metadata, Records: undefined }
  pages.set(output, page)
  return output
}

/** The page that an output carries; undefined of one that the SDK decoded. */
export const open = (output: GetRecordsCommandOutput): GetRecordsResponse | undefined => pages.get(output)
