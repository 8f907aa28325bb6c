#include "common/resources/routes/diff_routes.h"
