import { existsSync, renameSync, rmSync, chmodSync } from 'node:fs'
import { dirname } from 'node:path'
import { SeamError } from '@seamark/kit'
import { syncFolder } from '@seamark/journal'
import { USAGE_SINCE } from './schema.ts'
import type { Migration } from './schema.ts'
import type { Sqlite } from './sqlite-port.ts'

/** The schema's version in a database; 0 for an empty file. */
export function schemaVersion(db: Sqlite): number {
  return Number(db.pragma('user_version', { simple: true }))
}

/** The version that a list of migrations leads to. */
export function latestVersion(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.to ?? 0
}

/** Whether a database has the table of usage. Asked each time: another process may migrate it meanwhile. */
export function hasUsage(db: Sqlite): boolean {
  return schemaVersion(db) >= USAGE_SINCE
}

/** Where the copy made before leaving a version is kept. */
export function backupPath(path: string, version: number): string {
  return `${path}.v${version}.backup`
}

/** Errors: `UNSUPPORTED`, naming both versions, for a database of a newer version, or an older one that readers can not do with. */
export function requireVersion(db: Sqlite, path: string, migrations: readonly Migration[]): void {
  const version = schemaVersion(db)
  const latest = latestVersion(migrations)
  if (version > latest) throw tooNew(path, version, latest)
  if (migrations.some(({ to, readersDoWithout }) => to > version && readersDoWithout !== true))
    throw new SeamError('UNSUPPORTED', `${path} has schema version ${version}; readers need ${latest}.`, {
      remedy: 'Start the service once: whoever takes the lease migrates it, after a backup.',
    })
}

/**
 * Brings a database to the newest version, one transaction a step, after a copy of it was made beside it.
 * Errors: `UNSUPPORTED` for a newer one.
 */
export function migrate(db: Sqlite, path: string, migrations: readonly Migration[]): void {
  const latest = latestVersion(migrations)
  const version = schemaVersion(db)
  if (version > latest) throw tooNew(path, version, latest)
  if (version === latest) return
  if (version > 0) backup(db, path, version)
  for (const step of migrations) {
    if (step.to <= version) continue
    db.transaction(() => {
      db.exec(step.sql)
      db.pragma(`user_version = ${step.to}`)
    }).immediate()
  }
  // The tables themselves are in the main file before any record is: a lost WAL can not take them.
  db.pragma('wal_checkpoint(TRUNCATE)')
}

function backup(db: Sqlite, path: string, version: number): void {
  const target = backupPath(path, version)
  // A copy that is there is of a migration that then failed, and nothing was appended since.
  const temporary = `${target}.tmp`
  rmSync(temporary, { force: true })
  db.prepare('VACUUM INTO ?').run(temporary)
  chmodSync(temporary, 0o600)
  if (existsSync(target)) rmSync(target)
  renameSync(temporary, target)
  syncFolder(dirname(target))
}

function tooNew(path: string, version: number, latest: number): SeamError {
  return new SeamError('UNSUPPORTED', `${path} has schema version ${version}; this release knows up to ${latest}.`, {
    remedy: 'Use the release that wrote it, or a newer one.',
  })
}
