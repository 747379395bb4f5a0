import type { ErrorCode } from '@seamark/core'
import { isSeamError, SeamError, systemCode } from '@seamark/kit'

/** Whether the server itself said that the statement failed: then nothing of its transaction is stored. */
export function isRefused(error: unknown): boolean {
  return error instanceof Error && 'severity' in error && error.severity === 'ERROR'
}

/** Whether the same again may succeed at once: two transactions were in each other's way. */
export function isCollision(error: unknown): boolean {
  const code = systemCode(error)
  return code === '40001' || code === '40P01'
}

interface Meaning {
  readonly code: ErrorCode
  readonly what: string
  readonly remedy?: string
}

const full: Meaning = {
  code: 'LIMIT_EXCEEDED',
  what: 'the server has no space left',
  remedy: 'Free space on the disk of the server; the next attempt goes through by itself.',
}
const again: Meaning = { code: 'UNAVAILABLE', what: 'the server can not do it now' }
const away: Meaning = { code: 'UNAVAILABLE', what: 'the connection to the server was lost, or there was none' }
const unreadable: Meaning = {
  code: 'INVALID_INPUT',
  what: 'a file that its address names can not be read',
  remedy: 'Check `sslrootcert`, `sslcert` and `sslkey`.',
}
const damaged: Meaning = {
  code: 'INTEGRITY',
  what: 'what is stored is damaged',
  remedy: 'Stop, keep the data, and restore the database from a backup.',
}
const pooled: Meaning = {
  code: 'UNSUPPORTED',
  what: 'a pooler gives this connection to others between two transactions',
  remedy: 'Set `pool_mode = session` for this database in PgBouncer, or connect to the server directly.',
}

/** By SQLSTATE: the whole code, or its class of two characters. PostgreSQL 15, appendix A. */
const meanings: Readonly<Record<string, Meaning>> = {
  '08': away,
  '0A': { code: 'UNSUPPORTED', what: 'the server does not have it' },
  '23': damaged,
  '25006': {
    code: 'UNAVAILABLE',
    what: 'the server takes no writes now',
    remedy: 'Connect to the primary server; a standby server only reads.',
  },
  '26000': pooled,
  '42P05': pooled,
  '28': {
    code: 'UNAUTHENTICATED',
    what: 'the server refuses the credentials',
    remedy: 'Check user, password and `pg_hba.conf`.',
  },
  '3D000': { code: 'NOT_FOUND', what: 'there is no such database', remedy: 'Create it, or correct the name.' },
  '3F000': damaged,
  '40': again,
  '42501': {
    code: 'FORBIDDEN',
    what: 'the role lacks a permission',
    remedy: 'Give the role CREATE on the database for the first start, and ownership of the schema.',
  },
  '42703': damaged,
  '42P01': damaged,
  '53': again,
  '53100': full,
  '53300': { ...again, remedy: 'Raise `max_connections` of the server, or use fewer clients.' },
  '54': { code: 'INVALID_INPUT', what: 'it is beyond a limit of the server' },
  '55': again,
  '57': away,
  '57014': again,
  '58030': again,
  '58P01': damaged,
  XX001: damaged,
  XX002: damaged,
}

/**
 * What the driver or the server said about `what`, in the words of the error table. Never has the connection's text
 * in it. Errors of the server have their SQLSTATE as `code` of the cause.
 */
export function serverError(error: unknown, what: string): SeamError {
  if (isSeamError(error)) return error
  const said = error instanceof Error ? error.message : String(error)
  const code = systemCode(error) ?? ''
  // No SQLSTATE begins with E, as the codes of Node's sockets do: EPIPE has five letters, too.
  const meaning = /^[0-9A-DF-Z][0-9A-Z]{4}$/.test(code)
    ? (meanings[code] ?? meanings[code.slice(0, 2)])
    : fromHere(error, code, said)
  if (meaning === undefined) return new SeamError('INTERNAL', `${what}: ${said}.`, { cause: error })
  return new SeamError(meaning.code, `${what}: ${meaning.what}: ${said}.`, {
    ...(meaning.remedy !== undefined && { remedy: meaning.remedy }),
    cause: error,
  })
}

function fromHere(error: unknown, code: string, said: string): Meaning | undefined {
  if (error instanceof Error && 'syscall' in error && error.syscall === 'open') return unreadable
  if (/^(E[A-Z_]+|EAI_.*|ERR_SSL.*|ERR_STREAM.*)$/.test(code)) return away
  return /terminated|timeout|not queryable|does not support SSL|closed/i.test(said) ? away : undefined
}

/** Errors that a new attempt of a running service may not have any more: the password was rotated, the server restored. */
export function whileRunning(error: SeamError): SeamError {
  if (error.code !== 'UNAUTHENTICATED' && error.code !== 'NOT_FOUND') return error
  return new SeamError('UNAVAILABLE', error.message, { cause: error })
}

/** Said where a pooler was found out. */
export function transactionPooling(): SeamError {
  return new SeamError('UNSUPPORTED', `The database can not be used: ${pooled.what}.`, {
    ...(pooled.remedy !== undefined && { remedy: pooled.remedy }),
  })
}
