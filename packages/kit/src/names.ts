/** Item ids. */
export const ITEM_ID: RegExp = /^[a-z0-9][a-z0-9_-]{0,62}$/
/** Namespaces, run ids, names of queues, executors and runtimes: safe in paths, URLs and storage keys. */
export const NAME: RegExp = /^[a-z0-9][a-z0-9._-]{0,62}$/

/** Storage key of a content-addressed blob of a namespace. */
export function blobKey(ns: string, sha256: string): string {
  return `${ns}/blobs/${sha256.slice(0, 2)}/${sha256}`
}

/** A run keeps the teams of its principal in a record. */
export const TEAMS_PER_RUN = 16

/** Helper programs that one item may have. */
export const SERVICES_PER_ITEM = 8
