/* All of Engram. */
#ifndef ENGRAM_H
#define ENGRAM_H

#include "engram/activations.h"
#include "engram/conductance.h"
#include "engram/connect.h"
#include "engram/core.h"
#include "engram/dynsys.h"
#include "engram/environment.h"
#include "engram/export.h"
#include "engram/initial.h"
#include "engram/inputs.h"
#include "engram/integrate.h"
#include "engram/io.h"
#include "engram/layers.h"
#include "engram/loops.h"
#include "engram/losses.h"
#include "engram/math.h"
#include "engram/models.h"
#include "engram/modes.h"
#include "engram/neurons.h"
#include "engram/optimizers.h"
#include "engram/parallel.h"
#include "engram/plot.h"
#include "engram/random.h"
#include "engram/run.h"
#include "engram/schedules.h"
#include "engram/surrogate.h"
#include "engram/train.h"
#include "engram/transform.h"

#endif
