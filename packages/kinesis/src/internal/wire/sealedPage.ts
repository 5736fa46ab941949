import type { GetRecordsCommandOutput } from "@aws-sdk/client-kinesis"
import type { GetRecordsResponse } from "../../KinesisApi.js"
import type { Place } from "./pageDecoder.js"

/**
 * The way of our protocols through the SDK, which neither tells a protocol whose answer it reads nor passes a page on. On the way in, the
 * place is stored beside the response; on the way out, the page is stored beside a real output of the SDK.
 */
const places = new WeakMap<object, Place>()

/** Says whose records a response brings, before a protocol reads it. */
export const place = (response: object, of: Place): void => {
  places.set(response, of)
}

/** Undefined if it was not stated: the SDK then decodes the answer. */
export const placeOf = (response: object): Place | undefined => places.get(response)

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

/** The page that an output carries; undefined if the SDK decoded it. */
export const open = (output: GetRecordsCommandOutput): GetRecordsResponse | undefined => pages.get(output)
