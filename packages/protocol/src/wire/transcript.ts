import { z } from 'zod'
import { count, maybe } from './exact.ts'

/** A line of what was said between a program and the service that drives it, without its newline. */
export interface TranscriptLine {
  /** Who said it. */
  readonly from: 'program' | 'seamark'
  /** At most 65,536 characters. Absent where `omitted` is there. */
  readonly text?: string
  /** The line goes on in the next one. */
  readonly more?: true
  /** The program may not have it. */
  readonly unsure?: true
  /** Bytes that are not kept. */
  readonly omitted?: number
}

export const transcriptLine: z.ZodType<TranscriptLine> = z.object({
  from: z.enum(['program', 'seamark']),
  text: maybe(z.string()),
  more: maybe(z.literal(true)),
  unsure: maybe(z.literal(true)),
  omitted: maybe(count),
})
