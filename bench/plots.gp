# SPDX-License-Identifier: GPL-2.0-only
#
# DOC: one scaling plot: gnuplot -e "file='DIR/NAME'; what='...'" plots.gp
#
# Both axes are logarithmic and the vertical one reaches from a tenth of the least
# cost to ten times the greatest, so that flat looks flat.

set terminal svg size 640,360 font 'sans-serif,12' background '#ffffff'
set output file . '.svg'
set xlabel what
set ylabel 'µs an operation'
set grid
set key left top
stats file . '.dat' using 1:2 nooutput
set logscale xy
set xrange [0.8:STATS_max_x * 1.25]
set yrange [STATS_min_y / 10:STATS_max_y * 10]
plot for [i = 0:STATS_blocks - 1] file . '.dat' index i using 1:2 \
	with linespoints pointtype 7 linewidth 2 title columnheader(1)
