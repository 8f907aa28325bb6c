#include "common/resources/routes/plan_routes.h"
