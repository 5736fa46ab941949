/**
 * The keys of a record, of the value that it is made of.
 *
 * @since 0.1.0
 * @category models
 */
export interface KeyOptions<in A> {
  /**
   * The partition key of a value, 1 to 256 characters: records of one key keep their order. It is given the value itself, not its encoded
   * form. `undefined` in its place leaves keys out, which only a stream takes whose records the service distributes.
   */
  readonly partitionKey: ((value: A) => string) | undefined
  /** Decides the shard instead of the partition key: a decimal from 0 to 2^128 - 1, or undefined where the partition key is to. Default: none. */
  readonly explicitHashKey?: ((value: A) => string | undefined) | undefined
}

/**
 * What `RecordEncoder.json` takes.
 *
 * @since 0.1.0
 * @category models
 */
export interface JsonOptions<in A> extends KeyOptions<A> {
  /**
   * Writes an encoded value as one JSON value. Default: `JSON.stringify`, and what it would write as something else is an error.
   * `RecordEncoder.exactJson` writes bigints as integers. Of a function of yours nothing is checked but that it returns a string.
   */
  readonly stringify?: ((encoded: unknown) => string) | undefined
  /**
   * Whether code is generated for the schema, as `SchemaCompiler` does; the values and the errors are the same. Default: true. Where code
   * generation is forbidden it is not.
   */
  readonly compile?: boolean | undefined
}

/**
 * What the encoders that compress take.
 *
 * @since 0.1.0
 * @category models
 */
export interface CompressOptions {
  /**
   * Records of fewer bytes are written as they are, to which compression would only add. A reader must then take both, as
   * `RecordDecoder.auto` does, and the decoder of the same name with `plain: "keep"`. Default: 0.
   */
  readonly atLeast?: number | undefined
  /** How hard to try: of gzip 0 to 9, of zstd 1 to 22. Default: 6 of gzip, 3 of zstd. */
  readonly level?: number | undefined
}
