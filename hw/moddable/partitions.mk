# mcconfig reads this in place of the SDK's fragment for ESP32, which it includes: a partition table that an image of the agent cannot
# live with ends the build before anything is compiled. nmake, whose comments end with the line, reads the SDK's alone.
# \
!ifndef 0 # \
!include $(MODDABLE)\tools\mcconfig\nmake.esp32.mk # \
!else
include $(MODDABLE)/tools/mcconfig/make.esp32.mk

ENROLLEE_UNFIT := $(shell node $(ENROLLEE_CHECK) $(PROJ_DIR)/partitions.csv $(PROJ_DIR)/sdkconfig.mc $(ENROLLEE_APPS) || echo "node did not look at the partition table")
ifneq ($(ENROLLEE_UNFIT),)
$(error enrollee: $(ENROLLEE_UNFIT): take hw/moddable/partitions.csv, or one that has as much, by PARTITIONS_FILE)
endif
# \
!endif
