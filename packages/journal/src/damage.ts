import { SeamError } from '@seamark/kit'

const remedy = 'Stop, keep what is there, and restore it from a backup.'

/** `where` names the store, such as the path of its database. Errors about one record carry its `seq` in a place, too. */
export function damaged(where: string, seq: number, what: string): SeamError {
  return new SeamError('INTEGRITY', `${where} is damaged: ${what}.`, { place: { pointer: `/records/${seq}` }, remedy })
}

export function damagedRow(where: string): SeamError {
  return new SeamError('INTEGRITY', `${where} is damaged: a row of a projection is not what was stored.`, { remedy })
}

export function damagedState(where: string, size: number): SeamError {
  return new SeamError(
    'INTEGRITY',
    `${where} is damaged: the state snapshot at size ${size} has another digest than stored.`,
    { remedy: 'Restore it from a backup; the records can be checked with a scrub.' },
  )
}
