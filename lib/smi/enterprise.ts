/** The arc below which all of our own objects are registered: CASTELLAN-SMI of mibs/, which says whose number it is. */
export const castellanArc = '1.3.6.1.4.1.32473'
