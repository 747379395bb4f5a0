/** Commitment to a payload: `HMAC-SHA256(salt, "seamark/payload/v1" ‖ 0x00 ‖ bytes)`, lower-case hex. */
export interface PayloadCommitment {
  readonly hmac: string
  /** Bytes of the payload, at most 1 MiB. */
  readonly size: number
  readonly mediaType: string
}
