#include "common/resources/routes/route.h"
