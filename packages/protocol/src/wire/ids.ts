import { ITEM_ID, NAME } from '@seamark/kit'
import { z } from 'zod'

/** What a run may be called, in words. */
export const RUN_ID_RULE = 'use 1 to 63 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit'
/** What an item may be called, in words. */
export const ITEM_ID_RULE = 'use 1 to 63 of a-z, 0-9, "_" and "-", beginning with a letter or digit'

export const runIdText: z.ZodType<string> = z.string().regex(NAME, RUN_ID_RULE)
export const itemIdText: z.ZodType<string> = z.string().regex(ITEM_ID, ITEM_ID_RULE)
