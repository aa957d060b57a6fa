# SPDX-License-Identifier: GPL-2.0-only
# The kernel module, built in $(O)/module, so that the sources' folder stays clean, for the newest kernel headers installed or those in KDIR.

KDIR           ?= $(lastword $(shell ls -d /usr/src/linux-headers-*-amd64 2>/dev/null | sort -V))
MODULE_O        = $(abspath $(O))/module
MODULE_FILES   := $(wildcard kernel/*.c kernel/*.h) kernel/Kbuild kernel/dkms.conf kernel/include
MODULE_VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' kernel/dkms.conf)
# Of its own: in the kernel's makefiles O means another thing.
MODULE_MAKE     = env -u MAKEFLAGS -u O make --no-print-directory -C $(KDIR) M=$(MODULE_O) V=$(V) $(if $(filter 1,$V),,-s)

.PHONY: module module-sources sparse check-sparse install-module
module: module-sources ## the kernel module, in O=DIR/module; KDIR=DIR: the headers of a kernel
	$(call say,KBUILD,$(O)/module/tandem.ko)
	$(Q)$(MODULE_MAKE) modules

sparse: module ## what sparse says of the module, which must be nothing
	$(call say,SPARSE,kernel)
	$(Q)$(MODULE_MAKE) C=2 modules >$(MODULE_O)/sparse.log 2>&1 || { cat $(MODULE_O)/sparse.log; false; }
	$(Q)! grep -E '(warning|error):' $(MODULE_O)/sparse.log
check-sparse: sparse
	@echo "sparse: 1 passed, 0 failed, 0 skipped"

module-sources:
	$(if $(wildcard $(KDIR)/Makefile),,$(error no kernel headers: install linux-headers-amd64, or say KDIR=DIR))
	$(Q)mkdir -p $(MODULE_O); ln -sfn $(abspath $(MODULE_FILES)) $(MODULE_O)/

install: install-module
install-module: ## the module's sources below DESTDIR, for DKMS
	install -d $(DESTDIR)/usr/src/tandem-$(MODULE_VERSION)/include/tandem
	install -m 644 $(filter-out kernel/include,$(MODULE_FILES)) $(DESTDIR)/usr/src/tandem-$(MODULE_VERSION)
	install -m 644 kernel/include/tandem/*.h $(DESTDIR)/usr/src/tandem-$(MODULE_VERSION)/include/tandem
