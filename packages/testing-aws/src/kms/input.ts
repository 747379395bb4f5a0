import { invalid } from '../wire-error.ts'

/** The members of a request, read as the service's model types them. Errors: `ValidationException`. */
export interface Input {
  text(name: string): string
  optionalText(name: string): string | undefined
  /** Base64 on the wire. */
  blob(name: string, minBytes: number, maxBytes: number): Buffer
  integer(name: string, fallback: number, min: number, max: number): number
  flag(name: string): boolean
  texts(name: string): readonly string[]
  /** Pairs of texts, as an encryption context has them. */
  pairs(name: string): Readonly<Record<string, string>>
  object(name: string): Input | undefined
  has(name: string): boolean
}

function bad(name: string, constraint: string): Error {
  const member = name.charAt(0).toLowerCase() + name.slice(1)
  return invalid(`1 validation error detected: Value at '${member}' failed to satisfy constraint: ${constraint}`)
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Errors: `SerializationException` for what is not an object of JSON. */
export function inputOf(value: unknown): Input {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('The request is no structure.')
  const members = new Map<string, unknown>(Object.entries(value).filter(([, member]) => member !== null))
  const optionalText = (name: string): string | undefined => {
    const found = members.get(name)
    if (found !== undefined && typeof found !== 'string') throw bad(name, 'Member must be a string')
    return found
  }
  const input: Input = {
    optionalText,
    has: (name) => members.has(name),
    text: (name) => optionalText(name) ?? missing(name),
    blob(name, minBytes, maxBytes) {
      const text = input.text(name)
      if (!base64.test(text)) throw bad(name, 'Member must be base64')
      const bytes = Buffer.from(text, 'base64')
      if (bytes.length < minBytes) throw bad(name, `Member must have length greater than or equal to ${minBytes}`)
      if (bytes.length > maxBytes) throw bad(name, `Member must have length less than or equal to ${maxBytes}`)
      return bytes
    },
    integer(name, fallback, min, max) {
      const found = members.get(name) ?? fallback
      if (typeof found !== 'number' || !Number.isInteger(found)) throw bad(name, 'Member must be an integer')
      if (found < min) throw bad(name, `Member must have value greater than or equal to ${min}`)
      if (found > max) throw bad(name, `Member must have value less than or equal to ${max}`)
      return found
    },
    flag(name) {
      const found = members.get(name) ?? false
      if (typeof found !== 'boolean') throw bad(name, 'Member must be a boolean')
      return found
    },
    texts(name) {
      const found = members.get(name) ?? []
      if (!Array.isArray(found)) throw bad(name, 'Member must be a list')
      return found.map((each: unknown) => (typeof each === 'string' ? each : fail(name)))
    },
    pairs(name) {
      const found = members.get(name) ?? {}
      if (typeof found !== 'object' || found === null || Array.isArray(found)) throw bad(name, 'Member must be a map')
      return Object.fromEntries(
        Object.entries(found).map(([key, each]) => [key, typeof each === 'string' ? each : fail(name)]),
      )
    },
    object: (name) => (members.has(name) ? inputOf(members.get(name)) : undefined),
  }
  return input
}

function missing(name: string): never {
  throw bad(name, 'Member must not be null')
}

function fail(name: string): never {
  throw bad(name, 'Member must be a string')
}
