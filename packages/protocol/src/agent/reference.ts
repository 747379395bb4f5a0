import { NAME } from '@seamark/kit'
import { z } from 'zod'

/** How a version of an agent is named: `NAME@VERSION`, or by the digest of its manifest. */
export type AgentReference = { readonly name: string; readonly version: number } | { readonly digest: string }

const WITH_VERSION = /^([^@]*)@([1-9]\d{0,8})$/
const WITH_DIGEST = /^sha256:([0-9a-f]{64})$/

/** Whether a text is meant to name a version of an agent, and not an agent of the configuration. */
export function namesVersion(text: string): boolean {
  return text.includes('@') || text.startsWith('sha256:')
}

/** `undefined` for what names no version. */
export function agentReference(text: string): AgentReference | undefined {
  const digest = WITH_DIGEST.exec(text)?.[1]
  if (digest !== undefined) return { digest }
  const [, name = '', version] = WITH_VERSION.exec(text) ?? []
  return NAME.test(name) ? { name, version: Number(version) } : undefined
}

/** What an agent may be called in an address: `NAME@VERSION`, `sha256:DIGEST`, or `NAME` for its newest version. */
export const agentText: z.ZodType<string> = z
  .string()
  .refine((text) => NAME.test(text) || agentReference(text) !== undefined, 'use NAME, NAME@VERSION or sha256:DIGEST')
