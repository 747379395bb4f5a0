const CHART_DATUM_CM = 140

/** Depth of water over a sill, in centimetres, at a height of tide in metres over chart datum. */
export function depthOver(sillCm, tideMetres) {
  return tideMetres * 10 + CHART_DATUM_CM - sillCm
}
